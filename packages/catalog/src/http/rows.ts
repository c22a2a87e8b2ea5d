import type { catalogOperations, OperationOutput, registryOperations } from '@agnes/api-contract';
import type { ReadableTable, RegisteredTable } from '../table.ts';

type RegistryEntry = OperationOutput<typeof registryOperations.listRegistry>['tables'][number];
type CatalogEntry = OperationOutput<typeof catalogOperations.catalog>['tables'][number];

const MIB = 1024 ** 2;

/** A registered table as administrators see it. */
export function registryEntry(table: RegisteredTable): RegistryEntry {
  const { current_version: _version, error_code: _code, ...entry } = table;
  return {
    ...entry,
    registered_at: table.registered_at.toISOString(),
    updated_at: table.updated_at.toISOString(),
    last_sync: table.last_sync?.toISOString() ?? null,
  };
}

/** A table as whoever may read it sees it. */
export function catalogEntry(table: ReadableTable): CatalogEntry {
  const remote = table.query_mode === 'remote';
  return {
    id: table.id,
    name: table.name,
    description: table.description,
    source_type: table.source_type,
    query_mode: table.query_mode,
    sql_flavor: sqlFlavor(table),
    where_examples: [],
    fetch_via: fetchVia(table),
    rough_size_hint: table.size_bytes === null || remote ? null : sizeHint(table.size_bytes),
    rows: remote ? null : table.rows,
    size_bytes: remote ? null : table.size_bytes,
    restricted: table.policy !== undefined,
    partition_by: null,
    clustered_by: [],
    entity_type: null,
    metadata_freshness: remote ? 'never_fetched' : 'not_applicable',
    updated: table.last_sync?.toISOString() ?? null,
  };
}

function fetchVia({ name, query_mode, policy }: ReadableTable): string {
  if (query_mode === 'remote') {
    return `agnes snapshot create ${name} --select <columns> --where '<predicate>' --limit <N>`;
  }
  return policy === undefined ? 'agnes pull' : `agnes query --remote "SELECT … FROM ${name}"`;
}

/** The dialect that a query of the table is written in. */
export function sqlFlavor({ query_mode, source_type }: RegisteredTable): 'bigquery' | 'duckdb' {
  return query_mode === 'remote' && source_type === 'bigquery' ? 'bigquery' : 'duckdb';
}

/** Up to 100 MiB small, 1 GiB medium, 10 GiB large, else very large. */
export function sizeHint(bytes: number): 'small' | 'medium' | 'large' | 'very_large' {
  if (bytes <= 100 * MIB) return 'small';
  if (bytes <= 1024 * MIB) return 'medium';
  return bytes <= 10 * 1024 * MIB ? 'large' : 'very_large';
}
