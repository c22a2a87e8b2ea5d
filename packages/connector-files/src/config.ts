import { isAbsolute } from 'node:path';
import { AgnesError } from '@agnes/errors';
import type { ConnectorTable } from '@agnes/extract-contract';
import * as v from 'valibot';

/** The configuration of a source of files. */
export const filesConfig = v.object({
  /** Absolute folders that tables may be read from. A relative path is looked up in each, in this order. */
  roots: v.pipe(
    v.array(
      v.pipe(
        v.string(),
        v.check((path) => isAbsolute(path), 'A root is an absolute path.'),
      ),
    ),
    v.minLength(1, 'There has to be a root.'),
  ),
  /** The most files that one table may consist of. */
  max_files: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 100_000),
});

export type FilesConfig = v.InferOutput<typeof filesConfig>;

export const FORMATS = ['csv', 'tsv', 'json', 'ndjson', 'parquet'] as const;
export type Format = (typeof FORMATS)[number];

const oneCharacter = v.pipe(v.string(), v.length(1));

/** What a table's `options` may say. */
export const tableOptions = v.strictObject({
  /** Wins over the extension of the file. */
  format: v.optional(v.picklist(FORMATS)),
  /** CSV: whether the first line has the names of the columns. */
  header: v.optional(v.boolean()),
  /** CSV: what stands between values, around them, and before a quote inside them. */
  delimiter: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(4))),
  quote: v.optional(oneCharacter),
  escape: v.optional(oneCharacter),
  /** CSV: lines to leave out at the top. */
  skip: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  /** CSV: texts that mean "no value", beside the empty one. */
  null_values: v.optional(v.array(v.string())),
  /** CSV: strptime formats, such as `%d/%m/%Y`, for dates and timestamps that are not ISO 8601. */
  date_format: v.optional(v.string()),
  timestamp_format: v.optional(v.string()),
  /** CSV: `utf-8` (default), `utf-16` or `latin-1`. */
  encoding: v.optional(v.picklist(['utf-8', 'utf-16', 'latin-1'])),
});

export type TableOptions = v.InferOutput<typeof tableOptions>;

/** The options of a table. Throws `invalid_config`, naming the option. */
export function optionsOf(table: ConnectorTable): TableOptions {
  const result = v.safeParse(tableOptions, table.options ?? {});
  if (result.success) return result.output;
  const [issue] = result.issues;
  const where = v.getDotPath(issue);
  throw new AgnesError(
    'invalid_config',
    `The options of table ${table.name} are not valid: ${where === null ? '' : `${where}: `}${issue.message}.`,
    { hint: `Known options: ${Object.keys(tableOptions.entries).join(', ')}.`, details: { table: table.name } },
  );
}
