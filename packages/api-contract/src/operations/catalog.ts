import * as v from 'valibot';
import { defineOperation } from '../operation.ts';
import { idParams, nonNegative, nullableTime, queryInteger, time } from '../schemas.ts';

const column = v.object({ name: v.string(), type: v.string(), nullable: v.boolean(), description: v.string() });

const catalogTable = v.object({
  id: v.string(),
  name: v.string(),
  description: v.nullable(v.string()),
  source_type: v.string(),
  query_mode: v.string(),
  sql_flavor: v.picklist(['bigquery', 'duckdb']),
  where_examples: v.array(v.string()),
  fetch_via: v.string(),
  rough_size_hint: v.nullable(v.picklist(['small', 'medium', 'large', 'very_large'])),
  /** Null too where the caller sees a part of the table only. */
  rows: v.nullable(nonNegative),
  size_bytes: v.nullable(nonNegative),
  /** Whether a policy shows the caller a part of the table only. */
  restricted: v.boolean(),
  partition_by: v.nullable(v.string()),
  clustered_by: v.array(v.string()),
  entity_type: v.nullable(v.string()),
  metadata_freshness: v.picklist(['fresh', 'stale', 'never_fetched', 'error', 'not_applicable']),
  updated: nullableTime,
});

export const catalogOperations = {
  catalog: defineOperation({
    id: 'catalog',
    method: 'GET',
    path: '/api/v2/catalog',
    tag: 'catalog',
    summary: 'The tables the caller may read.',
    access: 'caller',
    scopes: ['pull', 'query'],
    viewAs: true,
    status: 200,
    response: v.object({ tables: v.array(catalogTable), server_time: time }),
    errors: [],
    cli: 'catalog',
  }),
  catalogTables: defineOperation({
    id: 'catalogTables',
    method: 'GET',
    path: '/api/catalog/tables',
    tag: 'catalog',
    summary: 'The tables the caller may read, in short.',
    access: 'caller',
    scopes: ['pull', 'query'],
    viewAs: true,
    status: 200,
    response: v.object({
      tables: v.array(
        v.object({
          id: v.string(),
          name: v.string(),
          description: v.nullable(v.string()),
          source_type: v.string(),
          sync_strategy: v.string(),
          query_mode: v.string(),
        }),
      ),
      count: nonNegative,
    }),
    errors: [],
  }),
  tableSchema: defineOperation({
    id: 'tableSchema',
    method: 'GET',
    path: '/api/v2/schema/{id}',
    tag: 'catalog',
    summary: 'Columns of a table, by its id or name.',
    access: { grant: 'table', param: 'id' },
    scopes: ['pull', 'query'],
    viewAs: true,
    params: idParams,
    status: 200,
    response: v.object({
      table_id: v.string(),
      name: v.string(),
      source_type: v.string(),
      sql_flavor: v.picklist(['bigquery', 'duckdb']),
      columns: v.array(column),
      partition_by: v.nullable(v.string()),
      clustered_by: v.array(v.string()),
      where_dialect_hints: v.record(v.string(), v.string()),
    }),
    errors: ['table_not_found', 'table_not_published'],
    cli: 'schema',
  }),
  tableSample: defineOperation({
    id: 'tableSample',
    method: 'GET',
    path: '/api/v2/sample/{id}',
    tag: 'catalog',
    summary: 'The first rows of a table. NaN and infinities become null.',
    access: { grant: 'table', param: 'id' },
    scopes: ['query'],
    viewAs: true,
    params: idParams,
    query: v.object({ n: queryInteger(1, 100, 5) }),
    status: 200,
    response: v.object({
      table_id: v.string(),
      name: v.string(),
      rows: v.array(v.record(v.string(), v.unknown())),
      source: v.string(),
    }),
    errors: ['table_not_found', 'table_not_published', 'query_timeout', 'query_failed'],
    cli: 'describe',
  }),
};
