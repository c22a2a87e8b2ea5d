import * as v from 'valibot';
import { defineOperation } from '../operation.ts';
import { idParams, nonNegative } from '../schemas.ts';

const sqlErrors = [
  'sql_syntax',
  'sql_not_allowed',
  'sql_function_not_allowed',
  'sql_unknown_table',
  'sql_unknown_column',
  'sql_invalid',
  'sql_too_large',
] as const;
const tableErrors = ['table_not_published', 'table_remote', 'policy_failed', 'blob_corrupt'] as const;
const limitErrors = [
  'query_timeout',
  'query_failed',
  'result_too_large',
  'daily_byte_cap_exceeded',
  'concurrent_slot_exceeded',
] as const;

export const queryOperations = {
  query: defineOperation({
    id: 'query',
    method: 'POST',
    path: '/api/query',
    tag: 'query',
    summary:
      'Runs one SELECT on the server, over the tables that the caller may read. `format`, or else `Accept`, asks for the whole result as ndjson, csv or parquet instead of JSON.',
    access: 'caller',
    scopes: ['query'],
    viewAs: true,
    body: v.object({
      /** DuckDB's SQL. */
      sql: v.pipe(v.string(), v.minLength(1)),
      /** The most rows: 1000 in JSON unless told, all in a file. */
      limit: v.optional(v.nullable(nonNegative)),
      format: v.optional(v.picklist(['json', 'ndjson', 'csv', 'parquet'])),
    }),
    status: 200,
    response: v.object({
      columns: v.array(v.string()),
      /** DuckDB's types of the columns. */
      types: v.array(v.string()),
      /** In the order of the columns. What JSON cannot hold exactly is text. */
      rows: v.array(v.array(v.unknown())),
      row_count: nonNegative,
      /** Whether there are more rows. */
      truncated: v.boolean(),
    }),
    errors: [...sqlErrors, ...tableErrors, ...limitErrors],
    cli: 'query',
  }),
  checkTableAccess: defineOperation({
    id: 'checkTableAccess',
    method: 'GET',
    path: '/api/data/{id}/check-access',
    tag: 'query',
    summary: 'Whether the caller may download the table.',
    access: { grant: 'table', param: 'id' },
    scopes: ['pull'],
    params: idParams,
    status: 204,
    response: 'empty',
    errors: ['table_not_found', 'table_not_published', 'table_server_only'],
  }),
  downloadTable: defineOperation({
    id: 'downloadTable',
    method: 'GET',
    path: '/api/data/{id}/download',
    tag: 'query',
    summary:
      'A table as one parquet file. That of a table of one part has the ETag of the part and understands `Range`; otherwise the file is made for the request.',
    access: { grant: 'table', param: 'id' },
    scopes: ['pull'],
    params: idParams,
    status: 200,
    response: { binary: 'application/vnd.apache.parquet' },
    errors: ['table_not_found', ...tableErrors, ...limitErrors, 'table_server_only', 'range_not_satisfiable'],
  }),
};
