import * as v from 'valibot';

const text = v.pipe(v.string(), v.minLength(1));

/** One JSON line to the views runner. */
export const viewsRequest = v.strictObject({
  /** `analytics/server.duckdb`. */
  file: text,
  /** The source whose views these are all of; null: these are all views there are. */
  source: v.nullable(text),
  views: v.array(
    v.strictObject({ name: text, source: text, version: text, paths: v.pipe(v.array(text), v.minLength(1)) }),
  ),
  memory: text,
});

/** One JSON line back. `failed`: views that could not be made, with why. `incomplete`: the file is new, so the views of the other sources have to be made too. */
export const viewsAnswer = v.strictObject({
  views: v.number(),
  changed: v.number(),
  failed: v.array(v.string()),
  incomplete: v.boolean(),
});

export type ViewsRequest = v.InferOutput<typeof viewsRequest>;
export type ViewsAnswer = v.InferOutput<typeof viewsAnswer>;
