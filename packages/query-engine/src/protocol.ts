import * as v from 'valibot';

/**
 * What the pool and a worker say to each other over the IPC channel: one command, one answer. Everything between two `end`
 * happens in one database; `worker/sessions.ts` says what becomes of it.
 */

const text = v.pipe(v.string(), v.minLength(1));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** A table as a worker may see it: these files, in order, and nothing of where they come from. */
const workerTable = v.strictObject({
  name: text,
  /** Parquet files, absolute. */
  files: v.array(text),
  columns: v.pipe(v.array(v.object({ name: v.string(), type: text })), v.minLength(1)),
  /** Every file has exactly these columns with these types, in this order: none needs to be opened to know it. */
  uniform: v.boolean(),
});

const fileFormat = v.picklist(['csv', 'ndjson', 'parquet']);

export const output = v.variant('kind', [
  v.strictObject({ kind: v.literal('json'), limit: count, bytes: count }),
  v.strictObject({
    kind: v.literal('file'),
    /** Written to and to nothing else. */
    path: text,
    format: fileFormat,
    /** Null: all rows. */
    limit: v.nullable(count),
  }),
]);

/** What a caller sees of a table for whom policies hold; see `policy-select.ts`. */
const policyBranches = v.array(
  v.object({
    row_filter: v.nullable(v.string()),
    column_masks: v.record(v.string(), v.string()),
  }),
);
const policyCaller = v.object({ user_id: v.string(), email: v.string(), groups: v.array(v.string()) });

export const command = v.variant('type', [
  /** Parses and gates a statement; nothing of it is bound or run. */
  v.strictObject({ type: v.literal('prepare'), sql: v.string() }),
  /** Runs what was prepared, over these tables, for a person (an id). */
  v.strictObject({ type: v.literal('run'), user: text, tables: v.array(workerTable), output }),
  /** A whole table, by a statement of ours. */
  v.strictObject({ type: v.literal('read'), table: workerTable, output }),
  /** What a caller sees of a table by its policies, as parquet. */
  v.strictObject({
    type: v.literal('slice'),
    table: workerTable,
    branches: policyBranches,
    caller: policyCaller,
    path: text,
  }),
  /** Whether all files have the same columns, types and order as `columns`. */
  v.strictObject({
    type: v.literal('inspect'),
    files: v.pipe(v.array(text), v.minLength(1)),
    columns: v.array(v.object({ name: v.string(), type: text })),
  }),
]);

export const workerSettings = v.strictObject({
  /** DuckDB's memory_limit. */
  memoryLimit: text,
  threads: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** Resident memory at which the worker ends itself, in bytes. */
  residentBytes: v.pipe(v.number(), v.minValue(1)),
  /** The worker's own folder, for what operators spill. */
  tempDirectory: text,
  /** DuckDB's max_temp_directory_size. */
  maxTempSize: text,
});

export const toWorker = v.variant('type', [
  v.strictObject({ type: v.literal('start'), settings: workerSettings }),
  ...command.options,
  v.strictObject({ type: v.literal('end') }),
]);

const position = v.object({ line: v.number(), column: v.number() });

export const fromWorker = v.variant('type', [
  /** There is a database that nothing has touched. */
  v.object({ type: v.literal('ready') }),
  v.object({
    type: v.literal('prepared'),
    relations: v.array(v.object({ name: v.string(), position: v.optional(position) })),
  }),
  /** The result as the JSON text of the answer: see `http.ts`. */
  v.object({ type: v.literal('json'), json: v.string(), rows: count, truncated: v.boolean() }),
  v.object({ type: v.literal('written'), rows: count, truncated: v.boolean() }),
  v.object({ type: v.literal('inspected'), uniform: v.boolean() }),
  v.object({
    type: v.literal('error'),
    code: v.string(),
    message: v.string(),
    hint: v.optional(v.string()),
    details: v.optional(v.record(v.string(), v.unknown())),
  }),
]);

export type WorkerTable = v.InferOutput<typeof workerTable>;
export type FileFormat = v.InferOutput<typeof fileFormat>;
export type Output = v.InferOutput<typeof output>;
export type Command = v.InferOutput<typeof command>;
export type WorkerSettings = v.InferOutput<typeof workerSettings>;
export type ToWorker = v.InferOutput<typeof toWorker>;
export type FromWorker = v.InferOutput<typeof fromWorker>;
export type Answer = Exclude<FromWorker, { type: 'ready' | 'error' }>;
