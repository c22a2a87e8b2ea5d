import { AgnesError } from '@agnes/errors';
import { parseSchedule } from '@agnes/schedule';
import { checkColumnTypes, isColumnName } from './column-types.ts';
import { checkTableName } from './names.ts';
import type { InstalledConnector, Registration, TableDefinition, TablePatch } from './table.ts';

export type Connectors = ReadonlyMap<string, InstalledConnector>;

/** Fields that say where the rows come from; a change of one of them is checked as a registration is. */
const EXTRACTION_FIELDS = [
  'source_type',
  'bucket',
  'source_table',
  'source_query',
  'query_mode',
  'sync_strategy',
  'primary_key',
  'column_types',
] as const;

/** The definition of a new table. Throws `invalid_table_name`, `connector_unknown`, `invalid_schedule`, `invalid_request`. */
export async function defineTable(input: Registration, connectors: Connectors): Promise<TableDefinition> {
  const source_type = sourceTypeOf(input.source_type);
  const definition: TableDefinition = {
    ...blank(input.name),
    ...fieldsOf(input),
    source: connectorOf(source_type, connectors).source ?? source_type,
    source_type,
  };
  checkTableName(definition.name);
  checkSchedule(definition.sync_schedule);
  await checkExtraction(definition, connectors);
  return definition;
}

/** A table of which nothing is known but its name. */
export function blank(name: string): Omit<TableDefinition, 'source' | 'source_type'> {
  return {
    name,
    bucket: null,
    source_table: null,
    source_query: null,
    query_mode: 'local',
    sync_strategy: 'full_refresh',
    sync_schedule: null,
    primary_key: null,
    column_types: null,
    folder: null,
    description: null,
  };
}

/** A table as a patch leaves it, and the names of the fields that differ. Throws as {@link defineTable}. */
export async function patchTable(
  before: TableDefinition,
  patch: TablePatch,
  connectors: Connectors,
): Promise<{ definition: TableDefinition; updated: (keyof TableDefinition)[] }> {
  const source_type = patch.source_type === undefined ? before.source_type : sourceTypeOf(patch.source_type);
  const moved = source_type !== before.source_type;
  const query_mode = patch.query_mode ?? before.query_mode;
  const left =
    before.query_mode === 'materialized' && query_mode !== 'materialized' && patch.source_query === undefined;
  const definition: TableDefinition = {
    ...before,
    ...fieldsOf(patch),
    ...(left ? { source_query: null } : {}),
    source: moved ? (connectorOf(source_type, connectors).source ?? source_type) : before.source,
    source_type,
  };
  const updated = (Object.keys(definition) as (keyof TableDefinition)[]).filter(
    (field) => JSON.stringify(definition[field]) !== JSON.stringify(before[field]),
  );
  if (updated.includes('name')) checkTableName(definition.name);
  if (updated.includes('sync_schedule')) checkSchedule(definition.sync_schedule);
  if (EXTRACTION_FIELDS.some((field) => updated.includes(field))) await checkExtraction(definition, connectors);
  return { definition, updated };
}

function fieldsOf({ source_type: _, primary_key, column_types, ...patch }: TablePatch): Partial<TableDefinition> {
  const given = Object.entries(patch).filter(([, value]) => value !== undefined);
  return {
    ...Object.fromEntries(given),
    ...(primary_key === undefined ? {} : { primary_key: primary_key === null ? null : [...primary_key] }),
    ...(column_types === undefined ? {} : { column_types: column_types === null ? null : { ...column_types } }),
  };
}

function sourceTypeOf(text: string | null | undefined): string {
  return text === null || text === undefined || text === 'csv' ? 'local' : text;
}

function connectorOf(sourceType: string, connectors: Connectors): InstalledConnector {
  const connector = connectors.get(sourceType);
  if (connector !== undefined) return connector;
  const installed = [...connectors.keys()].sort();
  throw new AgnesError('connector_unknown', `No connector for the source type '${sourceType}' is installed.`, {
    hint: installed.length === 0 ? 'Install a connector first.' : `Use one of: ${installed.join(', ')}.`,
    details: { installed },
  });
}

function checkSchedule(schedule: string | null): void {
  if (schedule !== null) parseSchedule(schedule);
}

async function checkExtraction(definition: TableDefinition, connectors: Connectors): Promise<void> {
  const { source_type, query_mode, source_query, sync_strategy, primary_key, column_types } = definition;
  const connector = connectorOf(source_type, connectors);
  if (source_query !== null && query_mode !== 'materialized') {
    throw invalid('source_query', 'A source query goes with the query mode materialized only.', 'Leave it out.');
  }
  if (source_type === 'local' && query_mode !== 'local') {
    throw invalid('query_mode', `Tables of files cannot be ${query_mode}.`, 'Use the query mode local.');
  }
  if (query_mode === 'materialized' && source_query === null && !['bigquery', 'keboola'].includes(source_type)) {
    throw invalid('source_query', 'The query mode materialized needs a source query.', 'Add one.');
  }
  if (sync_strategy === 'partitioned') {
    throw invalid(
      'sync_strategy',
      'The sync strategy partitioned needs a column to part by, which cannot be registered yet.',
      'Use full_refresh or incremental.',
    );
  }
  checkPrimaryKey(primary_key);
  if (column_types !== null) await checkColumnTypes(column_types);
  // A connector is asked about what it fills itself; an extract that somebody else leaves says for itself what it holds.
  if (definition.source === (connector.source ?? source_type)) await connector.validate?.(definition);
}

function checkPrimaryKey(key: readonly string[] | null): void {
  if (key === null) return;
  const distinct = new Set(key.map((column) => column.toLowerCase()));
  if (key.length > 0 && key.length <= 32 && distinct.size === key.length && key.every(isColumnName)) return;
  throw invalid('primary_key', 'The primary key is no list of 1 to 32 different columns.', 'Name each column once.');
}

function invalid(field: string, message: string, hint: string): AgnesError {
  return new AgnesError('invalid_request', message, { hint, details: { field } });
}
