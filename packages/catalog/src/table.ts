import type { EffectivePolicy } from '@agnes/rbac';
import type { schema } from '@agnes/state';

export type QueryMode = 'local' | 'remote' | 'materialized';
export type SyncStrategy = 'full_refresh' | 'incremental' | 'partitioned';

type RegistryRow = typeof schema.tableRegistry.$inferSelect;

/** A registered table, with how its last sync went and how large its current version is. */
export interface RegisteredTable extends Omit<RegistryRow, 'name_key' | 'query_mode' | 'sync_strategy'> {
  readonly query_mode: QueryMode;
  readonly sync_strategy: SyncStrategy;
  /** When the source was last really read for it; null before the first time. */
  readonly last_sync: Date | null;
  readonly last_sync_status: 'ok' | 'error' | 'never';
  readonly last_sync_error: string | null;
  /** Code of that error. */
  readonly error_code: string | null;
  /** Null: nothing is published now. */
  readonly current_version: string | null;
  readonly rows: number | null;
  readonly size_bytes: number | null;
}

/** A table as somebody may read it. */
export interface ReadableTable extends RegisteredTable {
  /** What of it they see; undefined: all of it. With a policy, rows and bytes of the whole are null: they tell of the rest. */
  readonly policy: EffectivePolicy | undefined;
}

/** What an administrator says of a table. Null and absent are the same at registration. */
export interface Registration {
  /** As analysts write it in SQL. */
  readonly name: string;
  /** `local` unless told; `csv` is another name of it. */
  readonly source_type?: string | null | undefined;
  readonly bucket?: string | null | undefined;
  readonly source_table?: string | null | undefined;
  readonly source_query?: string | null | undefined;
  readonly query_mode?: QueryMode | undefined;
  readonly sync_strategy?: SyncStrategy | undefined;
  readonly sync_schedule?: string | null | undefined;
  readonly primary_key?: readonly string[] | null | undefined;
  /** Column name → DuckDB type. */
  readonly column_types?: Readonly<Record<string, string>> | null | undefined;
  readonly folder?: string | null | undefined;
  readonly description?: string | null | undefined;
}

/** A change: what is absent stays, null clears. */
export type TablePatch = { readonly [Field in keyof Registration]?: Registration[Field] | undefined };

/** A registration with every field filled in. */
export interface TableDefinition {
  readonly name: string;
  /** The folder under `extracts/` that publishes the table. */
  readonly source: string;
  readonly source_type: string;
  readonly bucket: string | null;
  readonly source_table: string | null;
  readonly source_query: string | null;
  readonly query_mode: QueryMode;
  readonly sync_strategy: SyncStrategy;
  readonly sync_schedule: string | null;
  readonly primary_key: string[] | null;
  readonly column_types: Record<string, string> | null;
  readonly folder: string | null;
  readonly description: string | null;
}

/** An installed connector, as far as the registry needs to know it. */
export interface InstalledConnector {
  /** Its folder under `extracts/`; the source type unless told. */
  readonly source?: string | undefined;
  /** Whether it could read what is registered. Throws what the administrator should see. */
  validate?(definition: TableDefinition): void | Promise<void>;
}

const SOURCE_TYPES = ['keboola', 'bigquery', 'jira', 'postgres', 'local'];

/** A folder under `extracts/` that is called as a source type holds that; one of any other name holds `local` data. */
export function sourceTypeOfFolder(source: string): string {
  return SOURCE_TYPES.includes(source) ? source : 'local';
}

/** `registered_by` of a table that nobody registered: its source published it. */
export const REGISTERED_BY_EXTRACT = 'extract:';
