import type { Column, Row } from '@agnes/duckdb';
import { expect } from 'vitest';
import { type Case, type Content, GOOD_ROWS, type Said } from './case.ts';
import { sourceOf } from './place-files.ts';
import type { MatrixRun } from './run-matrix.ts';
import { contentOf, relationOf, type SourceServer, type Version } from './source-server.ts';

/** Looks at a case as its users do: what the job says, the version, the sample, and the values in the parquet files. */
export async function checkCase(server: SourceServer, run: MatrixRun, one: Case): Promise<void> {
  const { name, expected } = one;
  const failed = run.second.failed.filter(({ item }) => item === name);
  const warnings = (run.second.warnings ?? []).filter(({ item }) => item === name);
  const before = versionOf(run.before, name);
  const after = versionOf(run.after, name);
  await expectSample(server, one, after);

  if (expected.outcome === 'refused') {
    expect(failed).toHaveLength(1);
    for (const failure of failed) {
      expectSaid(failure, expected.says);
      expect(failure.hint ?? '').not.toBe('');
    }
    expect(after.id).toBe(before.id);
    if (one.good === undefined) expect((await contentOf(server, after)).rows).toStrictEqual(GOOD_ROWS);
    await expectTold(server, name, failed[0]?.message ?? '');
    return;
  }
  expect(failed).toStrictEqual([]);
  const wanted = expected.outcome === 'warned' ? expected.warnings : [];
  expect(warnings.map(({ code, message }) => ({ code, message }))).toHaveLength(wanted.length);
  for (const [index, warning] of warnings.entries()) {
    const words = wanted[index];
    if (words !== undefined) expectSaid(warning, words);
    expect(warning.message).toContain(lastPart(sourceOf(one)));
    expect(warning.hint ?? '').not.toBe('');
  }
  expect(after.id).not.toBe(before.id);
  await expectContent(server, after, expected.table);
}

/** What a person sees of the table. Rows of many megabytes are more than an answer may have, and are left out. */
async function expectSample(server: SourceServer, { name, expected }: Case, version: Version): Promise<void> {
  if (expected.outcome !== 'refused' && expected.table.rows === undefined) return;
  const { rows } = await server.client.tableSample({ params: { id: name }, query: { n: '3' } });
  expect(rows).toHaveLength(Math.min(3, version.rows));
  if (expected.outcome === 'refused' || version.rows === 0) return;
  expect(Object.keys(rows[0] ?? {})).toStrictEqual(Object.keys(expected.table.types));
}

async function expectContent(server: SourceServer, version: Version, table: Content): Promise<void> {
  const { columns, rows } =
    table.rows === undefined ? await describe(server, version) : await contentOf(server, version);
  expect(Object.fromEntries(columns.map((column) => [column.name, column.type]))).toStrictEqual(table.types);
  if (table.rows !== undefined) expect(rows).toStrictEqual(table.rows);
  if (table.count !== undefined) expect(version.rows).toBe(table.count);
  if (table.query !== undefined) {
    const sql = table.query.sql.replaceAll('{table}', relationOf(version));
    expect(await server.connection.rows(sql)).toStrictEqual(table.query.rows);
  }
}

async function describe(server: SourceServer, version: Version): Promise<{ columns: Column[]; rows: Row[] }> {
  return { columns: await server.connection.columns(`FROM ${relationOf(version)}`), rows: [] };
}

/** The list of tables says it too. */
async function expectTold({ client }: SourceServer, name: string, message: string): Promise<void> {
  const { tables } = await client.listRegistry();
  const table = tables.find((each) => each.name === name);
  expect(table?.last_sync_status).toBe('error');
  expect(table?.last_sync_error ?? '').toContain(message.slice(0, 40));
}

function expectSaid(told: { readonly code: string; readonly message: string }, { code, words }: Said): void {
  for (const each of words) {
    if (typeof each === 'string') expect(told.message).toContain(each);
    else expect(told.message).toMatch(each);
  }
  expect(told.code).toBe(code);
}

function versionOf(versions: ReadonlyMap<string, Version>, name: string): Version {
  const version = versions.get(name);
  if (version === undefined) throw new Error(`${name} has no version.`);
  return version;
}

/** Of `data/*.csv` the warning can name only what is fixed. */
function lastPart(source: string): string {
  return source.includes('*') ? '' : source.slice(source.lastIndexOf('/') + 1);
}
