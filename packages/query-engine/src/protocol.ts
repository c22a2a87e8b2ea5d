import * as v from 'valibot';

/** What the pool and a worker say to each other over the IPC channel, one request at a time. */

const text = v.pipe(v.string(), v.minLength(1));
const files = v.pipe(v.array(text), v.minLength(1));

/** Work that a worker can do. Each kind names the files it may open; nothing else exists for it. */
export const work = v.variant('kind', [
  v.strictObject({
    kind: v.literal('sample'),
    /** Parquet files, absolute, in order. */
    files,
    /** Columns of the whole table, for files that lack some of them. */
    columns: v.optional(v.array(v.object({ name: v.string(), type: text }))),
    n: v.pipe(v.number(), v.integer(), v.minValue(0)),
  }),
]);

export const workerSettings = v.strictObject({
  /** DuckDB's memory_limit. */
  memoryLimit: text,
  threads: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** Resident memory at which the worker ends itself, in bytes. */
  residentBytes: v.pipe(v.number(), v.minValue(1)),
  /** A larger answer is refused, in bytes of JSON. */
  answerBytes: v.pipe(v.number(), v.minValue(1)),
});

export const toWorker = v.variant('type', [
  v.strictObject({ type: v.literal('start'), settings: workerSettings }),
  v.strictObject({ type: v.literal('work'), work }),
]);

const row = v.record(v.string(), v.unknown());

export const fromWorker = v.variant('type', [
  /** A fresh database is open and nothing has touched it. */
  v.object({ type: v.literal('ready') }),
  v.object({
    type: v.literal('rows'),
    columns: v.array(v.object({ name: v.string(), type: v.string() })),
    rows: v.array(row),
  }),
  v.object({ type: v.literal('error'), message: v.string(), hint: v.optional(v.string()) }),
]);

export type Work = v.InferOutput<typeof work>;
export type WorkerSettings = v.InferOutput<typeof workerSettings>;
export type ToWorker = v.InferOutput<typeof toWorker>;
export type FromWorker = v.InferOutput<typeof fromWorker>;
/** Rows as JSON, with the columns in their order. */
export type WorkResult = Omit<Extract<FromWorker, { type: 'rows' }>, 'type'>;
