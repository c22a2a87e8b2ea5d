import { lstat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { quoteIdentifier, quoteLiteral, quoteLiteralList } from '@agnes/duckdb';
import { hasErrorCode } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';
import * as v from 'valibot';
import { isTableName } from './identifiers.ts';
import { issueText } from './protocol.ts';
import { castText, isTextType, TEXT_TYPES } from './text-columns.ts';
import { openExtractWriter, type TableToWrite, type TableWritten } from './writer.ts';

const columnTypes = v.pipe(
  v.record(
    v.string(),
    v.pipe(
      v.string(),
      v.check((type) => isTextType(type), `A column of a text file is one of ${TEXT_TYPES}.`),
    ),
  ),
  v.check((columns) => Object.keys(columns).length > 0, 'There has to be a column.'),
);

const common = {
  name: v.pipe(
    v.string(),
    v.check((text: string) => isTableName(text), 'A table name is 1 to 64 ASCII letters, digits and underscores.'),
  ),
  description: v.optional(v.string()),
  /** Paths, relative to the folder that the caller names. */
  files: v.pipe(v.array(v.string()), v.minLength(1)),
};

/** What `agnes-extract write` reads: the tables, the files that hold them, and the tables to take out. */
export const folderDescription = v.strictObject({
  tables: v.optional(
    v.array(
      v.variant('format', [
        v.strictObject({ ...common, format: v.literal('parquet') }),
        v.strictObject({
          ...common,
          format: v.picklist(['csv', 'ndjson']),
          /** All columns, in their order. A field of an NDJSON line that is not one of them is left out. */
          columns: columnTypes,
        }),
      ]),
    ),
    [],
  ),
  drop: v.optional(v.array(v.string()), []),
});

export type FolderDescription = v.InferOutput<typeof folderDescription>;
type DescribedTable = FolderDescription['tables'][number];

/**
 * Writes CSV, NDJSON and parquet files into the extract of a source, all tables at once or none. Relative paths start at
 * `from`. Throws `invalid_config`, `source_file_not_found`, `publish_refused` or `extract_invalid`.
 */
export async function writeFolder(
  sourceDir: string,
  description: unknown,
  from: string,
): Promise<Record<string, TableWritten>> {
  const { tables, drop } = parse(description);
  await using writer = await openExtractWriter(sourceDir);
  const written: Record<string, TableWritten> = {};
  for (const name of drop) await writer.dropTable(name);
  for (const table of tables) {
    const files = table.files.map((file) => resolve(from, file));
    for (const file of files) await assertRegularFile(file);
    written[table.name] = await writer.writeTable(toWrite(table, files));
  }
  await writer.commit();
  return written;
}

function parse(description: unknown): FolderDescription {
  const result = v.safeParse(folderDescription, description);
  if (result.success) return result.output;
  throw new AgnesError('invalid_config', `The description is not valid: ${issueText(result.issues)}.`, {
    hint: 'It is {"tables": [{"name", "format", "files", "columns"}], "drop": []}; see docs/connectors/python.md.',
  });
}

async function assertRegularFile(path: string): Promise<void> {
  try {
    if ((await lstat(path)).isFile()) return;
  } catch (error) {
    if (!hasErrorCode(error, 'ENOENT')) throw error;
  }
  throw new AgnesError('source_file_not_found', `${path} is no regular file.`, { hint: 'Write it first.' });
}

function toWrite(table: DescribedTable, files: readonly string[]): TableToWrite {
  const { name, description } = table;
  const about = description === undefined ? { name } : { name, description };
  if (table.format === 'parquet') return { ...about, files };
  const names = Object.keys(table.columns);
  const texts = `{${names.map((column) => `${quoteLiteral(column)}: 'VARCHAR'`).join(', ')}}`;
  const list = quoteLiteralList(files);
  const scan =
    table.format === 'csv'
      ? `read_csv(${list}, header = true, all_varchar = true, auto_detect = true, delim = ',', quote = '"', escape = '"',
         null_padding = false, ignore_errors = false, allow_quoted_nulls = false)`
      : `read_json(${list}, format = 'newline_delimited', columns = ${texts})`;
  const select = Object.entries(table.columns).map(([column, type]) =>
    type === 'VARCHAR' ? quoteIdentifier(column) : castText(column, type),
  );
  return { ...about, select: `SELECT ${select.join(', ')} FROM ${scan}` };
}
