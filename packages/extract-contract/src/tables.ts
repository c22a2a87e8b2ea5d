/** File name of the database inside a source's folder. */
export const EXTRACT_FILE = 'extract.duckdb';

/** Folder of the data files inside a source's folder. */
export const DATA_FOLDER = 'data';

/** One row a table. Required. The order of the columns is part of the contract. */
export const META_DDL = `CREATE TABLE IF NOT EXISTS _meta (
  table_name VARCHAR NOT NULL,
  description VARCHAR,
  rows BIGINT,
  size_bytes BIGINT,
  extracted_at TIMESTAMP,
  query_mode VARCHAR
)`;

/** One row a database that remote tables live in. Optional. `token_env` names a variable, or is '' for none. */
export const REMOTE_ATTACH_DDL = `CREATE TABLE IF NOT EXISTS _remote_attach (
  alias VARCHAR,
  extension VARCHAR,
  url VARCHAR,
  token_env VARCHAR
)`;

/** One row a parquet file, in the order of the table's rows. Optional: what the writer knows, so that nobody reads it again. */
export const PARTS_DDL = `CREATE TABLE IF NOT EXISTS _parts (
  table_name VARCHAR,
  path VARCHAR,
  rows BIGINT,
  size_bytes BIGINT,
  sha256 VARCHAR,
  partition_key VARCHAR
)`;

/** How a table is queried: from its files, at its source, or from files that a query at its source gave. */
export type QueryMode = 'local' | 'remote' | 'materialized';

export const QUERY_MODES: readonly QueryMode[] = ['local', 'remote', 'materialized'];

/** A row of `_meta`. `extracted_at` is UTC; the column itself has no zone. */
export interface MetaRow {
  readonly table_name: string;
  readonly description: string | null;
  readonly rows: number | null;
  readonly size_bytes: number | null;
  readonly extracted_at: Date | null;
  readonly query_mode: string | null;
}

/** A row of `_remote_attach`. */
export interface RemoteAttachRow {
  readonly alias: string;
  readonly extension: string;
  readonly url: string;
  readonly token_env: string;
}

/** A row of `_parts`. `path` is absolute. */
export interface PartRow {
  readonly table_name: string;
  readonly path: string;
  readonly rows: number | null;
  readonly size_bytes: number | null;
  readonly sha256: string | null;
  readonly partition_key: string | null;
}

/** The columns of each of our tables with their types, in their order. */
export const COLUMN_TYPES = {
  _meta: {
    table_name: 'VARCHAR',
    description: 'VARCHAR',
    rows: 'BIGINT',
    size_bytes: 'BIGINT',
    extracted_at: 'TIMESTAMP',
    query_mode: 'VARCHAR',
  },
  _remote_attach: { alias: 'VARCHAR', extension: 'VARCHAR', url: 'VARCHAR', token_env: 'VARCHAR' },
  _parts: {
    table_name: 'VARCHAR',
    path: 'VARCHAR',
    rows: 'BIGINT',
    size_bytes: 'BIGINT',
    sha256: 'VARCHAR',
    partition_key: 'VARCHAR',
  },
} as const;

/** The names of those columns. */
export const COLUMNS = {
  _meta: Object.keys(COLUMN_TYPES._meta),
  _remote_attach: Object.keys(COLUMN_TYPES._remote_attach),
  _parts: Object.keys(COLUMN_TYPES._parts),
};
