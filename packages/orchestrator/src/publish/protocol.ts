import { isErrorCode } from '@agnes/errors';
import { isIdentifier } from '@agnes/extract-contract';
import * as v from 'valibot';

/** What the server and its publish runner say to each other: one JSON line to the runner, NDJSON back. */

const text = v.pipe(v.string(), v.minLength(1));
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const identifier = v.custom<string>(isIdentifier, 'must be a strict identifier');
const errorCode = v.custom<string>(
  (code) => typeof code === 'string' && isErrorCode(code),
  'must be a known error code',
);
const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

/** A file of the source as it was when it was last published. `path` is relative to the source's folder, with slashes. */
export const publishedFile = v.strictObject({
  path: text,
  fingerprint: text,
  sha256,
  size_bytes: whole,
  rows: whole,
});

export const column = v.strictObject({ name: v.string(), type: text, nullable: v.boolean() });

export const publishLimits = v.strictObject({
  /** DuckDB's `memory_limit`, for example `1GB`. */
  memory: text,
  threads: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** What operators may spill to disk, for example `20GB`. */
  spill: text,
});

export const publishRequest = v.strictObject({
  source: identifier,
  source_dir: text,
  /** Empty folder of this run alone, on the file system of the blobs. */
  out_dir: text,
  blobs_root: text,
  known_files: v.array(publishedFile),
  /** Columns of the tables as they are published now: parts that did not change are not opened again. */
  known_tables: v.array(v.strictObject({ name: text, columns: v.array(column), parts: v.array(sha256) })),
  /** Names of tables that an earlier runner has dealt with. */
  leave_out: v.array(text),
  limits: publishLimits,
});

export const publishWarning = v.strictObject({ code: text, message: text, hint: v.optional(text) });

export const publishedPart = v.strictObject({
  sha256,
  size_bytes: whole,
  rows: whole,
  partition: v.optional(text),
  writer: text,
});

const failure = { name: v.string(), code: errorCode, message: text, hint: v.optional(text) };

export const publishMessage = v.variant('type', [
  v.strictObject({
    type: v.literal('table'),
    name: identifier,
    description: v.nullable(v.string()),
    query_mode: v.picklist(['local', 'materialized']),
    extracted_at: v.nullable(v.pipe(v.string(), v.isoTimestamp())),
    columns: v.array(column),
    parts: v.pipe(v.array(publishedPart), v.minLength(1)),
    rows: whole,
    size_bytes: whole,
    warnings: v.array(publishWarning),
    duration_ms: whole,
  }),
  /** A table that keeps its last good version. */
  v.strictObject({ type: v.literal('failed'), ...failure }),
  /** A table that is not for us to publish. */
  v.strictObject({ type: v.literal('skipped'), name: v.string(), reason: text }),
  /** Something about the source itself. */
  v.strictObject({ type: v.literal('problem'), code: errorCode, message: text, hint: v.optional(text) }),
  /** What comes next is about this table. */
  v.strictObject({ type: v.literal('started'), table: v.string() }),
  /** Files that the table before was made of. */
  v.strictObject({ type: v.literal('files'), files: v.array(publishedFile) }),
  v.strictObject({ type: v.literal('progress'), table: v.string(), done: whole, total: whole }),
  /**
   * Last. `complete`: the messages before list everything that the source publishes. `repeatable`: they depend on the files
   * of the source and on nothing else; a view that is run may call `now()`.
   */
  v.strictObject({ type: v.literal('done'), complete: v.boolean(), repeatable: v.boolean() }),
]);

export type PublishedFile = v.InferOutput<typeof publishedFile>;
export type PublishedColumn = v.InferOutput<typeof column>;
export type PublishedPart = v.InferOutput<typeof publishedPart>;
export type PublishRequest = v.InferOutput<typeof publishRequest>;
export type PublishWarning = v.InferOutput<typeof publishWarning>;
export type PublishMessage = v.InferOutput<typeof publishMessage>;
export type TableMessage = Extract<PublishMessage, { type: 'table' }>;
