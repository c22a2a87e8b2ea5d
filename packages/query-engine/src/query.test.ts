import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase, quoteLiteral, toJson } from '@agnes/duckdb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Wanted } from './gateway.ts';
import { type TestEngine, testEngine } from './query-engine.test-setup.ts';

let it: TestEngine;
let ann: string;
let bob: string;

const TYPES = `SELECT 9007199254740993 AS large, 9007199254740991 AS fits, 1.10::DECIMAL(10,2) AS price, 'NaN'::DOUBLE AS nan,
    TIMESTAMPTZ '2026-01-02 03:04:05+02' AS moment, DATE '2024-02-29' AS day, [1, NULL] AS list, {'a': 'ž'} AS struct,
    encode('žluťoučký') AS bytes, NULL::INTEGER AS nothing, 'a,"b"' || chr(10) || 'c' AS text`;

beforeAll(async () => {
  it = await testEngine();
  await it.publish('flights', "SELECT i AS id, 'CZ' || i % 3 AS region, i / 4.0 AS price FROM range(10000) t(i)");
  await it.publish('types', TYPES);
  await it.publish('secret', "SELECT 'hidden' AS word");
  await it.publish('parts', ...Array.from({ length: 40 }, (_, k) => `SELECT ${k} AS part, i AS n FROM range(50) t(i)`));
  await it.publish('mixed', 'SELECT 1::INTEGER AS a', "SELECT 5000000000 AS a, 'later' AS b");
  await it.publish('"empty"'.replaceAll('"', ''), 'SELECT 1 AS a WHERE false');
  ann = await it.person('ann');
  bob = await it.person('bob');
  for (const table of ['flights', 'types', 'parts', 'mixed', 'empty']) await it.grant('ann', table);
});
afterAll(() => it[Symbol.asyncDispose]());

async function ask(sql: string, wanted: Wanted = { format: 'json', limit: 1000 }, userId = ann) {
  return it.engine.gateway.query({ userId }, sql, wanted);
}
const refused = (sql: string, userId = ann) =>
  ask(sql, undefined, userId).then(
    () => undefined,
    (error: unknown) => error,
  );

test('an answer in JSON holds every value exactly, columns in their order also when their names are numbers or repeated', async () => {
  const answer = await ask('SELECT * FROM types');
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  const [expected] = (await connection.rows(TYPES)).map((row) => Object.values(row).map(toJson));
  expect(answer.kind === 'json' && JSON.parse(answer.json)).toMatchObject({
    rows: [expected],
    row_count: 1,
    truncated: false,
  });

  const named = await ask('SELECT 3 AS "2", 1 AS "1", 4 AS a, 5 AS a');
  expect(named.kind === 'json' && JSON.parse(named.json)).toStrictEqual({
    columns: ['2', '1', 'a', 'a'],
    types: ['INTEGER', 'INTEGER', 'INTEGER', 'INTEGER'],
    rows: [[3, 1, 4, 5]],
    row_count: 1,
    truncated: false,
  });
});

test('a limit ends the rows, and it is told whether there were more', async () => {
  for (const [limit, truncated] of [
    [9999, true],
    [10_000, false],
    [10_001, false],
    [0, true],
  ] as const) {
    const answer = await ask('SELECT * FROM flights ORDER BY id', { format: 'json', limit });
    expect(answer).toMatchObject({ rows: Math.min(limit, 10_000), truncated });
    const file = await ask('SELECT * FROM flights ORDER BY id', { format: 'ndjson', limit });
    expect(file).toMatchObject({ rows: Math.min(limit, 10_000), truncated });
    if (file.kind === 'file') await rm(file.path);
  }
});

test('CSV, NDJSON and parquet hold the same rows in their order, whole', async () => {
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  const sql = 'SELECT id, region, price FROM flights ORDER BY id DESC';
  for (const [format, reader] of [
    ['csv', 'read_csv'],
    ['ndjson', 'read_json'],
    ['parquet', 'read_parquet'],
  ] as const) {
    const file = await ask(sql, { format, limit: null });
    if (file.kind !== 'file') throw new Error('A file was asked for.');
    expect(file).toMatchObject({ rows: 10_000, truncated: false, bytes: (await readFile(file.path)).byteLength });
    const rows = await connection.rows(
      `SELECT id, region, price::DOUBLE AS price FROM ${reader}(${quoteLiteral(file.path)})`,
    );
    expect(rows).toHaveLength(10_000);
    expect(rows[0]).toStrictEqual({ id: 9999, region: 'CZ0', price: 2499.75 });
    expect(rows.at(-1)).toStrictEqual({ id: 0, region: 'CZ0', price: 0 });
    await rm(file.path);
  }
  const lines = await ask('SELECT * FROM types', { format: 'ndjson', limit: null });
  if (lines.kind !== 'file') throw new Error('A file was asked for.');
  const [expected] = (await connection.rows(TYPES)).map(toJson);
  expect(JSON.parse(await readFile(lines.path, 'utf8'))).toStrictEqual(expected);
  await rm(lines.path);
  const huge = await ask('SELECT sum(id) AS total, 9::HUGEINT AS x FROM flights', { format: 'parquet', limit: null });
  if (huge.kind === 'file') await rm(huge.path);
  expect(huge).toMatchObject({ rows: 1 });
});

test('a failed result leaves no file', async () => {
  const failed = await ask("SELECT CASE WHEN id = 9999 THEN error('late') ELSE id END AS id FROM flights", {
    format: 'csv',
    limit: null,
  }).catch((error: unknown) => error);
  expect(failed).toMatchObject({ code: expect.stringMatching(/^(query_failed|sql_)/) });
  expect(await readdir(join(it.folder, 'tmp/query/results'))).toStrictEqual([]);
});

test('tables of many parts are one table, also when parts differ', async () => {
  for (let round = 0; round < 3; round += 1) {
    expect(await it.rows(ann, 'SELECT count(*), sum(part), min(n), max(n) FROM parts')).toStrictEqual([
      [2000, 39_000, 0, 49],
    ]);
    expect(await it.rows(ann, 'SELECT a, b FROM mixed ORDER BY a')).toStrictEqual([
      [1, null],
      [5_000_000_000, 'later'],
    ]);
    expect(await it.rows(ann, 'SELECT * FROM empty')).toStrictEqual([]);
    // Later rounds know which of them are alike.
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  expect(
    await it.rows(ann, 'SELECT n FROM PARTS AS "p" JOIN Parts q USING (part, n) WHERE part = 3 AND n < 2 ORDER BY n'),
  ).toStrictEqual([[0], [1]]);
});

test('what is forbidden and what does not exist are told alike, and only names that the caller sees are suggested', async () => {
  const forbidden = await refused('SELECT * FROM secret');
  const unknown = await refused('SELECT * FROM sekret');
  expect(forbidden).toMatchObject({
    code: 'sql_unknown_table',
    details: { unknown: 'secret', nearest: [], position: { line: 1 } },
  });
  expect(JSON.stringify(forbidden).replaceAll('secret', '?')).toBe(JSON.stringify(unknown).replaceAll('sekret', '?'));
  expect(await refused('SELECT *\nFROM fligths')).toMatchObject({
    details: { nearest: ['flights'], position: { line: 2 } },
  });
  expect(await refused('SELECT * FROM fligths', bob)).toMatchObject({ details: { nearest: [] } });
  expect(await refused('SELECT regoin FROM flights')).toMatchObject({
    code: 'sql_unknown_column',
    details: { unknown: 'regoin', nearest: ['region'], position: { line: 1, column: 8 } },
  });
});

test('what may not run is refused, and PIVOT without IN runs', async () => {
  const hostile = [
    "SELECT * FROM read_text('/etc/hostname')",
    `SELECT * FROM read_parquet('${it.folder}/system.duckdb')`,
    "COPY (SELECT 1) TO 'x.csv'",
    'SELECT 1; SELECT 2',
    "SELECT getenv('HOME')",
    'SELECT * FROM duckdb_settings()',
    "ATTACH ':memory:' AS x",
    'SET threads = 1',
    'SELECT stats(id) FROM flights',
    "SELECT * FROM query('SELECT 1')",
    'SELECT filename FROM flights',
  ];
  let count = 0;
  for (const sql of hostile) {
    expect(await refused(sql), sql).toMatchObject({ code: expect.stringMatching(/^sql_/) });
    count += 1;
  }
  process.stdout.write(`through the gateway: ${count} hostile statements, escapes 0\n`);
  const pivot = await ask('PIVOT (SELECT region, price FROM flights) ON region USING sum(price)');
  expect(pivot.kind === 'json' && JSON.parse(pivot.json).columns).toStrictEqual(['CZ0', 'CZ1', 'CZ2']);
});

test('a grant that is revoked while a query is being prepared counts', async () => {
  let revoke: (() => Promise<void>) | undefined;
  await using other = await testEngine(
    {},
    {
      access: (access) => ({
        ...access,
        async policyFor(principal, tableId) {
          const policy = await access.policyFor(principal, tableId);
          await revoke?.();
          return policy;
        },
      }),
    },
  );
  await other.publish('plans', 'SELECT 1 AS a');
  const cleo = await other.person('cleo');
  await other.grant('cleo', 'plans');
  expect(await other.rows(cleo, 'SELECT * FROM plans')).toStrictEqual([[1]]);
  revoke = async () => {
    const [grant] = await other.access.listGrants();
    if (grant !== undefined) await other.access.deleteGrant(grant.id, 'user_root');
  };
  await expect(other.rows(cleo, 'SELECT * FROM plans')).rejects.toMatchObject({ code: 'sql_unknown_table' });
});

test('every query is noted, with what it read or why it was refused', async () => {
  it.noted.length = 0;
  await ask('SELECT count(*) FROM flights f JOIN parts p ON f.id = p.n');
  await refused(`SELECT * FROM secret -- ${'x'.repeat(20_000)}`);
  await it.engine.gateway.query({ userId: ann, viewedBy: { userId: 'user_root' }, ip: '192.0.2.1' }, 'SELECT 1', {
    format: 'json',
    limit: 1,
  });
  const [ran, refusal, viewed] = it.noted;
  expect(ran).toMatchObject({
    action: 'query.run',
    userId: ann,
    result: 'ok',
    durationMs: expect.any(Number),
    params: {
      statement: expect.stringContaining('JOIN'),
      tables: ['flights', 'parts'],
      rows: 1,
      bytes: expect.any(Number),
    },
  });
  expect(refusal).toMatchObject({
    result: 'sql_unknown_table',
    params: { statement: expect.stringMatching(/^SELECT \* FROM secret/) },
  });
  expect(String(refusal?.params?.statement).length).toBe(10_000);
  expect(viewed).toMatchObject({ userId: 'user_root', ip: '192.0.2.1', params: { as_user: ann } });
});

test('what cannot be noted is not answered', async () => {
  await using other = await testEngine(
    {},
    {
      note: () => {
        throw new Error('The audit log takes nothing.');
      },
    },
  );
  const dan = await other.person('dan');
  await expect(other.rows(dan, 'SELECT 1')).rejects.toThrow('The audit log');
  await expect(
    other.engine.gateway.query({ userId: dan }, 'SELECT 1', { format: 'csv', limit: null }),
  ).rejects.toThrow();
  expect(await readdir(join(other.folder, 'tmp/query/results'))).toStrictEqual([]);
});
