import { lstat, readdir } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { type Column, copyToParquet } from '@agnes/duckdb';
import { messageOf } from '@agnes/errors';
import type { Extract, ExtractProblem, ExtractTable } from '../extract-rows.ts';
import { isIdentifier } from '../identifiers.ts';
import { readExtract } from '../reader.ts';
import { COLUMN_TYPES, EXTRACT_FILE } from '../tables.ts';
import { validateExtract } from '../validate.ts';
import { attempt, type Check, failed, noneWrong, passed, skipped } from './check.ts';
import { inExtract, withExtract } from './read-sandboxed.ts';
import { checkSecretsInFiles, type Secrets } from './secrets.ts';

export interface CheckExtractOptions {
  /** Values that must stand in no file, by a name that the report may show. */
  readonly secrets?: Secrets;
  /** Whether the folder has to be named as a source. Default true; false for a folder made up for a test. */
  readonly named?: boolean;
}

/**
 * Checks the folder of a source, whoever wrote it, against the extract contract: layout, `_meta`, `_remote_attach`, `_parts`,
 * names, objects, paths, types, counts, secrets. Throws nothing for what is wrong with the folder.
 */
export async function checkExtract(sourceDir: string, options: CheckExtractOptions = {}): Promise<Check[]> {
  const folder = resolve(sourceDir);
  const layout = 'layout: extract.duckdb and files, no links';
  const checks: Check[] = [];
  if (options.named !== false) checks.push(checkName(folder));
  checks.push(await attempt(layout, 'Give an existing folder.', () => checkLayout(layout, folder)));

  const read = 'extract.duckdb: a database with a readable _meta';
  let extract: Extract | undefined;
  checks.push(
    await attempt(read, 'Close the database before renaming it into place.', async () => {
      extract = await readExtract(folder);
      return passed(read, `${extract.tables.length} tables.`);
    }),
  );
  if (extract === undefined) return checks;

  for (const table of ['_meta', '_remote_attach', '_parts'] as const) {
    const name = `${table}: columns, their order and types`;
    checks.push(await attempt(name, 'Use the DDL of the contract.', () => checkColumns(name, folder, table)));
  }
  const problems = await validateExtract(folder);
  checks.push(checkNames(problems, extract), checkObjects(problems, extract), checkTimes(extract));
  const broken = new Set(problems.map((problem) => problem.table?.toLowerCase()));
  const tables = extract.tables.filter(
    (table) => table.query_mode !== 'remote' && !broken.has(table.table_name.toLowerCase()),
  );
  const types = 'types: what parquet holds';
  checks.push(await attempt(types, 'Cast the column in the view.', () => checkTypes(types, folder, tables)));
  const counts = 'rows: as many as _meta says';
  checks.push(await attempt(counts, 'Count when the table is written.', () => checkRows(counts, folder, tables)));
  checks.push(await checkSecretsInFiles(folder, options.secrets ?? {}));
  return checks;
}

function checkName(folder: string): Check {
  const name = 'folder: named as a source';
  const source = basename(folder);
  if (isIdentifier(source)) return passed(name, source);
  const hint = 'Use 1 to 64 ASCII letters, digits and underscores, and no digit first.';
  return failed(name, `${JSON.stringify(source)} cannot be the name of a source.`, hint);
}

async function checkLayout(name: string, folder: string): Promise<Check> {
  const wrong: string[] = [];
  let files = 0;
  const walk = async (path: string): Promise<void> => {
    for (const entry of await readdir(path)) {
      const inner = join(path, entry);
      const info = await lstat(inner);
      if (info.isDirectory()) await walk(inner);
      else if (info.isFile()) files += 1;
      else
        wrong.push(`${relative(folder, inner)} is ${info.isSymbolicLink() ? 'a symbolic link' : 'no regular file'}.`);
    }
  };
  await walk(folder);
  const entries = await readdir(folder);
  if (!entries.includes(EXTRACT_FILE)) wrong.push(`There is no ${EXTRACT_FILE}.`);
  if (entries.includes(`${EXTRACT_FILE}.wal`))
    wrong.push(`${EXTRACT_FILE}.wal shows that the database was not closed.`);
  return noneWrong(
    name,
    wrong,
    `${files} files.`,
    `Write regular files, and ${EXTRACT_FILE} last, closed and renamed.`,
  );
}

async function checkColumns(name: string, folder: string, table: keyof typeof COLUMN_TYPES): Promise<Check> {
  const present = await withExtract(folder, (connection) =>
    connection.rows<Column>(
      `SELECT column_name AS name, data_type AS type FROM duckdb_columns()
       WHERE database_name = 'extract' AND schema_name = 'main' AND table_name = $1 ORDER BY column_index`,
      [table],
    ),
  );
  if (present.length === 0 && table !== '_meta') return skipped(name, `There is no ${table}, which is optional.`);
  const expected = Object.entries(COLUMN_TYPES[table]).map(([column, type]) => `${column} ${type}`);
  const found = present.map((column) => `${column.name} ${column.type}`);
  if (expected.join() === found.join()) return passed(name, found.join(', '));
  return failed(name, `The columns are ${found.join(', ')}.`, `Make them ${expected.join(', ')}, in this order.`);
}

function checkNames(problems: readonly ExtractProblem[], { tables }: Extract): Check {
  const wrong = problems.filter((problem) => problem.code === 'invalid_identifier').map(({ message }) => message);
  const hint = 'Use 1 to 64 ASCII letters, digits and underscores, and no digit first.';
  return noneWrong('names: strict identifiers', wrong, tables.map((table) => table.table_name).join(', '), hint);
}

function checkObjects(problems: readonly ExtractProblem[], { tables }: Extract): Check {
  const others = problems.filter((problem) => problem.code !== 'invalid_identifier');
  const local = tables.filter((table) => table.query_mode !== 'remote').length;
  return noneWrong(
    'objects: each row of _meta can be read, from the files of its folder alone',
    others.map(({ message }) => message),
    `${local} local tables read, ${tables.length - local} remote ones not asked.`,
    others[0]?.hint ?? '',
  );
}

function checkTimes({ tables }: Extract): Check {
  const tomorrow = Date.now() + 86_400_000;
  const wrong = tables.flatMap(({ table_name, extracted_at }) => {
    if (extracted_at === null) return [`Table ${table_name} does not say when it was extracted.`];
    return extracted_at.getTime() > tomorrow ? [`Table ${table_name} was extracted in the future.`] : [];
  });
  return noneWrong('extracted_at: set, and not in the future', wrong, 'As it should be.', 'Write the time in UTC.');
}

async function checkTypes(name: string, folder: string, tables: readonly ExtractTable[]): Promise<Check> {
  const wrong = await withExtract(folder, async (connection, scratch) => {
    const messages: string[] = [];
    for (const { table_name } of tables) {
      try {
        await copyToParquet(
          connection,
          `SELECT * FROM ${inExtract(table_name)} LIMIT 0`,
          join(scratch, 'types.parquet'),
        );
      } catch (error) {
        messages.push(`Table ${table_name}: ${messageOf(error)}`);
      }
    }
    return messages;
  });
  return noneWrong(name, wrong, `${tables.length} tables.`, 'Cast the column to a type that parquet has.');
}

async function checkRows(name: string, folder: string, tables: readonly ExtractTable[]): Promise<Check> {
  const wrong = await withExtract(folder, async (connection) => {
    const messages: string[] = [];
    for (const { table_name, rows } of tables) {
      const counted = await connection.first<{ n: number }>(`SELECT count(*) AS n FROM ${inExtract(table_name)}`);
      if (rows !== counted?.n) messages.push(`Table ${table_name} has ${counted?.n} rows and _meta says ${rows}.`);
    }
    return messages;
  });
  return noneWrong(name, wrong, `${tables.length} tables counted.`, 'Write the number of rows that the files hold.');
}
