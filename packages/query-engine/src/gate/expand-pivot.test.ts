import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, copyToParquet, type Database, openDatabase, quoteLiteral } from '@agnes/duckdb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expandPivot, gateStatement, type Passed, type PivotOptions, type Refusal } from './index.ts';

let folder: string;
let database: Database;
let connection: Connection;
let files: Set<string>;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'agnes-pivot-')));
  database = await openDatabase(':memory:');
  connection = await database.connect();
  const file = join(folder, 't.parquet');
  await copyToParquet(
    connection,
    "SELECT i, i % 3 AS k, CASE i % 3 WHEN 0 THEN 'it''s' WHEN 1 THEN 'b' END AS w FROM range(9) t(i)",
    file,
  );
  await connection.run(`CREATE VIEW t AS SELECT * FROM read_parquet([${quoteLiteral(file)}])`);
  await connection.run('CREATE TABLE other AS SELECT 1 AS x');
  files = new Set([file]);
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

async function expand(sql: string, options?: PivotOptions): Promise<Passed | Refusal> {
  const gate = await gateStatement(connection, sql);
  return gate.kind === 'refused' ? gate : expandPivot(connection, gate, files, options);
}

test('the values are written into the statement, NULL left out, in the order of their texts', async () => {
  expect(await expand('PIVOT t ON w USING sum(i) GROUP BY k ORDER BY k;')).toMatchObject({
    kind: 'ok',
    pivots: false,
    sql: "PIVOT t ON w IN ('b', 'it''s') USING sum(i) GROUP BY k ORDER BY k",
  });
  expect(await expand('PIVOT t ON (k, w)')).toMatchObject({
    sql: "PIVOT t ON CAST((k, w) AS VARCHAR) IN ('(0, ''it\\''s'')', '(1, b)', '(2, NULL)')",
  });
  expect(await expand('SELECT 1')).toMatchObject({ sql: 'SELECT 1', pivots: false });
});

test('without a value what is left are the groups', async () => {
  expect(await expand('PIVOT (FROM t WHERE i < 0) ON w USING sum(i) GROUP BY k')).toMatchObject({
    sql: 'PIVOT (FROM t WHERE i < 0)  GROUP BY k',
  });
  expect(await expand('PIVOT (FROM t WHERE i < 0) ON w')).toMatchObject({
    sql: 'PIVOT (FROM t WHERE i < 0) GROUP BY "i", "k"',
  });
  expect(await expand('PIVOT (SELECT w FROM t WHERE i < 0) ON w')).toMatchObject({ code: 'sql_invalid' });
});

test('no more values than may be columns', async () => {
  expect(await expand('PIVOT t ON i', { values: 9 })).toMatchObject({ kind: 'ok' });
  expect(await expand('PIVOT t ON i', { values: 8 })).toMatchObject({ code: 'sql_too_large' });
  expect(await expand('PIVOT t ON i, k', { values: 11 })).toMatchObject({ code: 'sql_too_large' });
});

test('values come out of the granted files only', async () => {
  for (const sql of [
    'PIVOT other ON x',
    'PIVOT t ON w IN (SELECT x FROM other)',
    'WITH o AS (FROM other) PIVOT o ON x',
  ]) {
    expect(await expand(sql), sql).toMatchObject({ code: 'sql_not_allowed' });
  }
  const gate = await gateStatement(connection, 'PIVOT t ON w');
  if (gate.kind === 'refused') throw new Error(gate.message);
  // Not even when what was found readable is not what the statement names.
  expect(await expandPivot(connection, { ...gate, relations: [] }, files)).toMatchObject({ kind: 'refused' });
});

test('what is wrong with a PIVOT is told', async () => {
  expect(await expand('PIVOT t ON nosuch', { tables: [{ name: 't', columns: ['i', 'k', 'w'] }] })).toMatchObject({
    code: 'sql_unknown_column',
    unknown: 'nosuch',
  });
  expect(await expand('PIVOT t ON CAST(w AS INTEGER)')).toMatchObject({
    code: 'query_failed',
    hint: expect.stringContaining('TRY_CAST'),
  });
  expect(await expand('PIVOT t ON sum(i)')).toMatchObject({ code: 'sql_invalid' });
  expect(await expand('SELECT * FROM t a, (PIVOT (SELECT a.w AS w) ON w)')).toMatchObject({ kind: 'refused' });
});
