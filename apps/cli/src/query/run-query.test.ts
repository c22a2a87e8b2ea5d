import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '@agnes/duckdb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runQuery } from './run-query.ts';

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-query-'));
  path = join(folder, 'a.duckdb');
  await using database = await openDatabase(path);
  const connection = await database.connect();
  await connection.run("CREATE TABLE airports AS SELECT * FROM (VALUES ('PRG', 1), ('BRQ', 2), ('a;b', 3)) t(code, n)");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function ask(sql: string): Promise<{ columns: readonly string[]; rows: readonly unknown[] }> {
  await using answer = await runQuery(path, sql, 0);
  const rows: unknown[] = [];
  for await (const chunk of answer.rows) rows.push(...chunk);
  return { columns: answer.columns, rows };
}

test.each([
  ['PIVOT airports ON code USING sum(n)', ['BRQ', 'PRG', 'a;b']],
  ['PIVOT airports ON code USING sum(n);', ['BRQ', 'PRG', 'a;b']],
  ['-- all; of them\nPIVOT airports ON code USING sum(n) ; -- SELECT 1', ['BRQ', 'PRG', 'a;b']],
  ["SELECT * FROM (PIVOT (FROM airports WHERE code <> 'a;b') ON code USING sum(n))", ['BRQ', 'PRG']],
  ['WITH few AS (FROM airports WHERE n < 2) PIVOT few ON code USING sum(n)', ['PRG']],
  ["PIVOT airports ON code IN ('PRG') USING sum(n)", ['PRG']],
])('%s', async (sql, columns) => {
  const answer = await ask(sql);
  expect(answer.columns.filter((name) => name !== 'n')).toEqual(columns);
  expect(answer.rows.length).toBeGreaterThan(0);
});

test('columns of one name are told apart', async () => {
  expect(await ask('SELECT 1 AS a, 2 AS a, {b: 3} AS c')).toEqual({
    columns: ['a', 'a:1', 'c'],
    rows: [{ a: 1, 'a:1': 2, c: { b: 3 } }],
  });
});

test.each([
  'SELECT 1; SELECT 2',
  'PIVOT airports ON code USING sum(n); SELECT 1',
  'SELECT 1; PIVOT airports ON code USING sum(n)',
  'PIVOT airports ON code; PIVOT airports ON code',
  "CREATE TEMP TYPE t AS ENUM ('a'); SELECT 1",
  'CREATE TEMP TABLE t AS PIVOT airports ON code',
  `COPY (PIVOT airports ON code) TO '${join(tmpdir(), 'agnes-never.csv')}'`,
  'CREATE TEMP TABLE t (a INTEGER)',
  ' ; ',
  '-- nothing',
])('%s is refused', async (sql) => {
  await expect(ask(sql)).rejects.toMatchObject({ code: 'usage', exitCode: 2 });
});
