import * as v from 'valibot';
import { defineOperation } from '../operation.ts';
import { nonNegative, nullableTime, sha256, time } from '../schemas.ts';

/** One immutable parquet file of a table version. */
export const part = v.object({
  sha256,
  bytes: nonNegative,
  rows: nonNegative,
  partition: v.optional(v.string()),
  writer: v.string(),
});

/** A table as the caller may have it. The fields up to `source_type` are those of the reference's manifest. */
export const manifestTable = v.object({
  /** MD5 of a single file, for the reference's client only; else empty. */
  hash: v.string(),
  updated: nullableTime,
  /** Of the whole table; null where the caller sees a part of it only. */
  size_bytes: v.nullable(nonNegative),
  rows: v.nullable(nonNegative),
  query_mode: v.picklist(['local', 'remote', 'materialized']),
  source_type: v.string(),
  id: v.string(),
  version: v.nullable(v.object({ id: v.string(), created_at: time })),
  distribution: v.picklist(['files', 'server_only']),
  /** Why it is `server_only`: `policy`, or a sentence for people. */
  reason: v.optional(v.string()),
  /** What of the table the caller sees, as an id that changes with it; absent when that is all of it. */
  policy: v.optional(v.string()),
  /** In order; the rows of the table are the rows of its parts, one after another. */
  parts: v.array(part),
  columns: v.array(v.object({ name: v.string(), type: v.string(), nullable: v.boolean() })),
});

export const manifest = v.object({
  format: v.literal(1),
  data_version: v.string(),
  tables: v.record(v.string(), manifestTable),
  assets: v.record(v.string(), v.object({ hash: v.string() })),
  server_time: time,
});

export const distributionOperations = {
  syncManifest: defineOperation({
    id: 'syncManifest',
    method: 'GET',
    path: '/api/sync/manifest',
    tag: 'distribution',
    summary:
      'What the caller may have, with the hash of each file. Answers 304 to an `If-None-Match` that still holds.',
    access: 'caller',
    scopes: ['pull'],
    viewAs: true,
    status: 200,
    response: manifest,
    errors: [],
    cli: 'pull',
  }),
  getBlob: defineOperation({
    id: 'getBlob',
    method: 'GET',
    path: '/api/blobs/sha256/{sha256}',
    tag: 'distribution',
    summary: 'The bytes of a part. Understands `Range`, `If-Range` and `If-None-Match`; the ETag is the hash.',
    access: { grant: 'blob', param: 'sha256' },
    scopes: ['pull'],
    params: v.object({ sha256 }),
    status: 200,
    response: { binary: 'application/vnd.apache.parquet' },
    errors: ['blob_not_found', 'range_not_satisfiable', 'blob_corrupt'],
  }),
  syncStatus: defineOperation({
    id: 'syncStatus',
    method: 'GET',
    path: '/api/sync/status',
    tag: 'sync',
    summary: 'Whether a sync is running.',
    access: 'public',
    status: 200,
    response: v.object({ locked: v.boolean() }),
    errors: [],
  }),
  triggerSync: defineOperation({
    id: 'triggerSync',
    method: 'POST',
    path: '/api/sync/trigger',
    tag: 'sync',
    summary: 'Starts a sync job: of the tables named (ids or names), or of all that are due.',
    access: 'admin_or_scheduler',
    body: v.nullable(
      v.union([
        v.array(v.string()),
        v.strictObject({ tables: v.optional(v.nullable(v.array(v.string()))), force: v.optional(v.boolean()) }),
      ]),
    ),
    bodyOptional: true,
    status: 200,
    response: v.object({
      status: v.literal('triggered'),
      tables: v.union([v.array(v.string()), v.literal('all')]),
      message: v.string(),
      job_id: v.string(),
    }),
    errors: ['sync_already_in_progress', 'table_not_found'],
    cli: 'admin sync',
  }),
};
