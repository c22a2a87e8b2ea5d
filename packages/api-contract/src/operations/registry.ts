import * as v from 'valibot';
import { defineOperation } from '../operation.ts';
import { id, idParams, longText, nonNegative, nullableTime, shortText, time } from '../schemas.ts';

const queryMode = v.picklist(['local', 'remote', 'materialized']);
const syncStrategy = v.picklist(['full_refresh', 'incremental', 'partitioned']);

/** A list, or the same as comma-separated text. */
const nameList = v.union([
  v.array(shortText),
  v.pipe(
    v.string(),
    v.transform((text) => text.split(',').map((name) => name.trim())),
    v.array(shortText),
  ),
]);

/** Where rows come from, in the words of a source: anything that can be stored and be part of a path. */
const place = v.pipe(v.string(), v.maxLength(1000), v.regex(/^[^\0\p{Cs}]*$/u, 'must be text without NUL characters'));

const fields = {
  source_type: v.optional(v.nullable(shortText)),
  bucket: v.optional(v.nullable(place)),
  source_table: v.optional(v.nullable(v.pipe(place, v.minLength(1)))),
  source_query: v.optional(v.nullable(longText)),
  query_mode: v.optional(queryMode),
  sync_strategy: v.optional(syncStrategy),
  sync_schedule: v.optional(v.nullable(shortText)),
  primary_key: v.optional(v.nullable(nameList)),
  column_types: v.optional(v.nullable(v.record(shortText, shortText))),
  folder: v.optional(v.nullable(shortText)),
  description: v.optional(v.nullable(longText)),
};

export const registryTable = v.object({
  id: v.string(),
  name: v.string(),
  source: v.string(),
  source_type: v.string(),
  bucket: v.nullable(v.string()),
  source_table: v.nullable(v.string()),
  source_query: v.nullable(v.string()),
  query_mode: queryMode,
  sync_strategy: syncStrategy,
  sync_schedule: v.nullable(v.string()),
  primary_key: v.nullable(v.array(v.string())),
  column_types: v.nullable(v.record(v.string(), v.string())),
  folder: v.nullable(v.string()),
  description: v.nullable(v.string()),
  registered_by: v.nullable(v.string()),
  registered_at: time,
  updated_at: time,
  last_sync: nullableTime,
  last_sync_status: v.picklist(['ok', 'error', 'never']),
  last_sync_error: v.nullable(v.string()),
  rows: v.nullable(nonNegative),
  size_bytes: v.nullable(nonNegative),
});

export const registryOperations = {
  listRegistry: defineOperation({
    id: 'listRegistry',
    method: 'GET',
    path: '/api/admin/registry',
    tag: 'registry',
    summary: 'Every registered table, and how its last sync went.',
    access: 'admin',
    status: 200,
    response: v.object({ tables: v.array(registryTable), count: nonNegative }),
    errors: [],
    cli: 'admin list-tables',
  }),
  registerTable: defineOperation({
    id: 'registerTable',
    method: 'POST',
    path: '/api/admin/register-table',
    tag: 'registry',
    summary: 'Registers a table. Its data arrives with the next sync.',
    access: 'admin',
    body: v.object({ name: v.string(), ...fields }),
    status: 201,
    response: v.object({ id: v.string(), name: v.string(), status: v.literal('registered') }),
    errors: ['table_exists', 'invalid_table_name', 'connector_unknown', 'invalid_schedule', 'invalid_request'],
    cli: 'admin register-table',
  }),
  precheckTable: defineOperation({
    id: 'precheckTable',
    method: 'POST',
    path: '/api/admin/register-table/precheck',
    tag: 'registry',
    summary: 'Whether a registration would be accepted; registers nothing.',
    access: 'admin',
    body: v.object({ name: v.string(), ...fields }),
    status: 200,
    response: v.object({ ok: v.literal(true), table: v.looseObject({ name: v.string() }) }),
    errors: ['table_exists', 'invalid_table_name', 'connector_unknown', 'invalid_schedule', 'invalid_request'],
    cli: 'admin register-table --dry-run',
  }),
  updateTable: defineOperation({
    id: 'updateTable',
    method: 'PUT',
    path: '/api/admin/registry/{id}',
    tag: 'registry',
    summary: 'Changes a registration: a field left out stays, null clears it.',
    access: 'admin',
    params: idParams,
    body: v.object({ name: v.optional(v.string()), ...fields }),
    status: 200,
    response: v.object({ id, updated: v.array(v.string()) }),
    errors: [
      'table_not_found',
      'table_exists',
      'invalid_table_name',
      'connector_unknown',
      'invalid_schedule',
      'invalid_request',
    ],
    cli: 'admin update-table',
  }),
  unregisterTable: defineOperation({
    id: 'unregisterTable',
    method: 'DELETE',
    path: '/api/admin/registry/{id}',
    tag: 'registry',
    summary: 'Takes a table out: readers lose it at once, laptops at their next pull, grants go with it.',
    access: 'admin',
    params: idParams,
    status: 204,
    response: 'empty',
    errors: ['table_not_found'],
    cli: 'admin unregister-table',
  }),
};
