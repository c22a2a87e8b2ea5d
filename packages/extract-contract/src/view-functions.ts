import type { Connection } from '@agnes/duckdb';

/** Table functions that read files, where the sandbox says which, or nothing but their arguments. */
export const TABLE_FUNCTIONS: ReadonlySet<string> = new Set([
  ...['read_parquet', 'parquet_scan', 'read_csv', 'read_csv_auto', 'read_text', 'read_blob'],
  ...['read_json', 'read_json_auto', 'read_json_objects', 'read_json_objects_auto'],
  ...['read_ndjson', 'read_ndjson_auto', 'read_ndjson_objects'],
  ...['range', 'generate_series', 'unnest', 'repeat', 'repeat_row', 'json_each', 'json_tree'],
]);

/** DuckDB calls these pure, but they tell about the instance, or about rows that a filter hides. */
const TELLING = new Set([
  ...['current_setting', 'getvariable', 'getenv', 'version', 'stats', 'vector_type', 'parse_duckdb_log_message'],
  ...['json_serialize_sql', 'json_serialize_plan', 'json_deserialize_sql'],
]);

/** Not pure, and harmless. */
const HARMLESS = [
  ...['now', 'today', 'current_date', 'get_current_time', 'get_current_timestamp', 'transaction_timestamp', 'ago'],
  ...['random', 'uuid', 'gen_random_uuid', 'uuidv4', 'uuidv7', 'error'],
  ...['unnest', 'nullif', 'split_part', 'date_add', 'days_in_month', 'fdiv', 'fmod', 'geomean', 'geometric_mean'],
  ...['json', 'json_group_array', 'json_group_object', 'json_group_structure', 'md5_number_lower', 'md5_number_upper'],
  ...[
    'map_contains_entry',
    'map_contains_value',
    'pg_size_pretty',
    'round_even',
    'roundbankers',
    'wavg',
    'weighted_avg',
  ],
];

/** Names of the functions that a view of an extract may call: pure ones, aggregates, and a few that read the clock. */
export async function allowedFunctions(connection: Connection): Promise<ReadonlySet<string>> {
  const rows = await connection.rows<{ name: string }>(
    `SELECT DISTINCT function_name AS name FROM duckdb_functions() WHERE database_name = 'system' AND (
       (function_type IN ('scalar', 'aggregate') AND stability = 'CONSISTENT')
       OR (function_type = 'macro' AND (starts_with(function_name, 'list_') OR starts_with(function_name, 'array_'))))`,
  );
  return new Set([...HARMLESS, ...rows.map(({ name }) => name.toLowerCase()).filter((name) => !TELLING.has(name))]);
}
