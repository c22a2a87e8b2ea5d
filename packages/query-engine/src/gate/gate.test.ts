import { type Connection, type Database, openDatabase } from '@agnes/duckdb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkPlan, explainFailure, type Gate, gateStatement, type Refusal, unknownTable } from './index.ts';

let database: Database;
let connection: Connection;
beforeAll(async () => {
  database = await openDatabase(':memory:');
  connection = await database.connect();
  await connection.run('CREATE VIEW orders AS SELECT range AS id, 1.5 AS amount FROM range(3)');
});
afterAll(() => database.close());

const gate = (sql: string): Promise<Gate> => gateStatement(connection, sql);
async function refused(sql: string): Promise<Refusal> {
  const answer = await gate(sql);
  if (answer.kind !== 'refused') throw new Error(`${sql} passed.`);
  return answer;
}
async function names(sql: string): Promise<string[]> {
  const answer = await gate(sql);
  if (answer.kind === 'refused') throw new Error(answer.message);
  return answer.relations.map(({ name }) => name);
}

test.each([
  ['WITH a AS (FROM b) FROM a', ['b']],
  ['WITH a AS (FROM a) FROM a', ['a']],
  ['WITH a AS (FROM c), c AS (SELECT 1) FROM a, c', ['c']],
  ['WITH A AS (SELECT 1) FROM a', []],
  // The Kelvin sign is no K for DuckDB, but is one for JavaScript.
  ['WITH "\u212a" AS (SELECT 1) FROM k', ['k']],
  ['WITH a AS (SELECT 1) FROM main.a', ['a']],
  ['SELECT * FROM (WITH a AS (SELECT 1) FROM a), a', ['a']],
  ['WITH a AS (SELECT 1) SELECT (SELECT max(x) FROM (WITH b AS (FROM a) FROM b) t(x)), * FROM b', ['b']],
  ['WITH RECURSIVE r AS (FROM s UNION ALL FROM r) FROM r', ['s']],
  ['WITH RECURSIVE r AS (FROM r UNION ALL FROM s) FROM r', ['r', 's']],
  ['WITH a AS (SELECT 1) (FROM a UNION ALL FROM b) ORDER BY (SELECT max(x) FROM c)', ['b', 'c']],
  ['PIVOT a ON b IN (SELECT x FROM c)', ['a', 'c']],
  ['WITH c AS (FROM d) PIVOT a ON b IN (SELECT x FROM c)', ['a', 'd']],
  ['PIVOT a ON b IN (WITH a AS (FROM e) SELECT x FROM a)', ['a', 'e']],
  ['DESCRIBE a', ['a']],
  ['FROM "a.b", "x y"', ['a.b', 'x y']],
])('relations of %s', async (sql, expected) => {
  expect((await names(sql)).sort()).toStrictEqual([...expected].sort());
});

test('places are counted in lines and characters of the whole text', async () => {
  expect(await refused("-- ž\n SELECT 'č', getenv('HOME')")).toMatchObject({
    code: 'sql_function_not_allowed',
    unknown: 'getenv',
    position: { line: 2, column: 14 },
  });
  expect(await gate(";\nFROM 'ž', orders;\n;")).toMatchObject({
    sql: "FROM 'ž', orders",
    relations: [
      { name: 'ž', position: { line: 2, column: 6 } },
      { name: 'orders', position: { line: 2, column: 11 } },
    ],
  });
  expect(await refused('SELECT\n  1 +\n  FROM')).toMatchObject({
    code: 'sql_syntax',
    position: { line: 3, column: 3 },
  });
});

test('what is refused, and what to do', async () => {
  expect(await refused('SHOW TABLES')).toMatchObject({
    message: 'SHOW TABLES is not allowed in a query.',
    hint: expect.stringContaining('agnes catalog'),
  });
  expect(await refused('DROP TABLE a')).toMatchObject({ code: 'sql_not_allowed', unknown: 'DROP' });
  expect(await refused('SELECT 1; SELECT 2')).toMatchObject({ message: expect.stringContaining('2 statements') });
  expect(await refused('SELECT ?')).toMatchObject({ message: expect.stringContaining('parameter') });
  expect(await refused("SELECT 'a'::regclass")).toMatchObject({
    message: 'The type regclass is not allowed in a query.',
  });
  expect(await refused('FROM other.orders')).toMatchObject({ code: 'sql_unknown_table', unknown: 'other.orders' });
  expect(await refused('FROM unnest([1]) WITH ORDINALITY')).toMatchObject({
    hint: expect.stringContaining('generate_subscripts'),
  });
  expect(await refused('PIVOT a ON b IN (SELECT x FROM (PIVOT c ON d))')).toMatchObject({ unknown: 'PIVOT' });
  for (const empty of ['', ' ;; ', '-- nothing']) {
    expect(await refused(empty)).toMatchObject({ code: 'sql_syntax', message: 'There is no statement.' });
  }
  for (const open of ["SELECT 'a", 'SELECT "a', 'SELECT 1 /* a', 'SELECT $$a']) {
    expect(await refused(open)).toMatchObject({ code: 'sql_syntax' });
  }
  expect(await refused('SELECT \0 1')).toMatchObject({ code: 'sql_syntax', message: expect.stringContaining('NUL') });
});

test.each([
  ['10 MB', `SELECT '${'a'.repeat(10_000_000)}'`, 'sql_too_large'],
  ['1 MB of two-byte letters', `SELECT '${'é'.repeat(600_000)}'`, 'sql_too_large'],
  [
    '10,000 joins',
    `SELECT 1 FROM ${Array.from({ length: 10_000 }, (_, i) => `orders t${i}`).join(' CROSS JOIN ')}`,
    'sql_too_large',
  ],
  [
    '400 joins',
    `SELECT 1 FROM ${Array.from({ length: 400 }, (_, i) => `orders t${i}`).join(' CROSS JOIN ')}`,
    'sql_too_large',
  ],
  ['200,000 additions', `SELECT 1${'+1'.repeat(200_000)}`, 'sql_too_large'],
  ['900 additions, which take the binder minutes', `SELECT 1${'+1'.repeat(900)}`, 'sql_too_large'],
  ['100,000 conditions', `SELECT 1 WHERE ${'1=1 AND '.repeat(100_000)} true`, 'sql_too_large'],
  ['5,000 NOTs', `SELECT ${'NOT '.repeat(5000)} true`, 'sql_too_large'],
  ['2,000 subqueries', `${'SELECT * FROM ('.repeat(2000)}SELECT 1${')'.repeat(2000)}`, 'sql_too_large'],
  ['3,000 CASEs', `SELECT ${'CASE WHEN true THEN '.repeat(3000)}1${' END'.repeat(3000)}`, 'sql_too_large'],
  ['3,000 lists', `SELECT ${'['.repeat(3000)}1${']'.repeat(3000)}`, 'sql_too_large'],
  ['2,000 types', `SELECT NULL::${'STRUCT(a '.repeat(2000)}INT${')'.repeat(2000)}`, 'sql_too_large'],
  [
    'a cube of 30',
    `SELECT 1 FROM orders GROUP BY CUBE (${Array.from({ length: 30 }, () => 'id').join(', ')})`,
    'sql_too_large',
  ],
])('%s is refused with a type', async (_, sql, code) => {
  expect(await refused(sql)).toMatchObject({ code });
});

test('what is merely long passes', async () => {
  await expect(names(`SELECT 1 WHERE 1 IN (${'1,'.repeat(40_000)}1)`)).resolves.toStrictEqual([]);
  await expect(names(`SELECT '${'a'.repeat(1_000_000)}'`)).resolves.toStrictEqual([]);
  await expect(names(Array.from({ length: 5000 }, () => 'SELECT 1').join(' UNION ALL '))).resolves.toStrictEqual([]);
  await expect(names(`SELECT ${'('.repeat(5000)}1${')'.repeat(5000)}`)).resolves.toStrictEqual([]);
});

test('what does not bind is told with places and names that the caller may see', async () => {
  const tables = [{ name: 'orders', columns: ['id', 'amount'] }, { name: 'customers' }];
  const told = (sql: string): Promise<Refusal | undefined> => checkPlan(connection, sql, new Set(), { tables });
  expect(await told('SELECT\n amont FROM orders')).toMatchObject({
    code: 'sql_unknown_column',
    unknown: 'amont',
    nearest: ['amount'],
    hint: expect.stringContaining('Did you mean amount?'),
    position: { line: 2, column: 2 },
  });
  // What ran was made of another statement.
  const made = await checkPlan(connection, 'SELECT amont FROM orders', new Set(), { sql: 'FROM orders', tables });
  expect(made).toMatchObject({ unknown: 'amont' });
  expect(made).not.toHaveProperty('position');
  expect(await refused('SELECT uper(id) FROM orders')).toMatchObject({
    code: 'sql_function_not_allowed',
    nearest: expect.arrayContaining(['upper']),
    hint: expect.stringContaining('Did you mean'),
  });
  expect(await told('SELECT o.id FROM orders')).toMatchObject({ code: 'sql_unknown_column', unknown: 'o' });
  for (const sql of ['SELECT o.amont FROM orders o', 'WITH c AS (FROM orders) SELECT c.amont FROM c']) {
    expect(await told(sql)).toMatchObject({ code: 'sql_unknown_column', unknown: 'amont', nearest: ['amount'] });
  }
  expect(await told("SELECT id + 'x'::DATE + [1] FROM orders")).toMatchObject({ code: 'sql_invalid' });
  expect(unknownTable({ name: 'ordrs' }, tables)).toMatchObject({ code: 'sql_unknown_table', nearest: ['orders'] });
  expect(unknownTable({ name: '/data/a.parquet' }, tables).hint).toContain('Files cannot be read');
});

test('what fails while it runs is told without paths', async () => {
  const failing = await connection.rows("SELECT 'abc'::INT FROM orders").catch((error: unknown) => error);
  expect(explainFailure(failing)).toMatchObject({ code: 'query_failed', hint: expect.stringContaining('TRY_CAST') });
  const path = new Error('IO Error: Cannot open file "/srv/agnes/blobs/ab/cd": No such file or directory');
  expect(JSON.stringify(explainFailure(path))).not.toContain('/srv');
  const inside = new Error(
    'Invalid Input Error: File "/srv/agnes/blobs/ab/cd" is not what it was, nor is C:\\agnes\\blobs\\x',
  );
  expect(JSON.stringify(explainFailure(inside))).not.toMatch(/srv|blobs/);
});

test('a plan may scan only the given files and list functions', async () => {
  await connection.run(
    'CREATE OR REPLACE TABLE kept AS SELECT 1 AS a; CREATE OR REPLACE MACRO settings() AS TABLE FROM duckdb_settings()',
  );
  for (const sql of [
    'FROM kept',
    'FROM duckdb_settings()',
    'FROM settings()',
    "FROM query('FROM kept')",
    'FROM sqlite_master',
  ]) {
    expect(await checkPlan(connection, sql, new Set()), sql).toMatchObject({ code: 'sql_not_allowed' });
  }
  expect(await checkPlan(connection, "SELECT current_setting('threads')", new Set())).toMatchObject({
    unknown: 'current_setting()',
  });
  expect(await checkPlan(connection, 'FROM range(3), unnest([1])', new Set())).toBeUndefined();
  expect(await checkPlan(connection, 'DROP TABLE kept', new Set())).toMatchObject({ kind: 'refused' });
  expect(await checkPlan(connection, 'SELECT 1; SELECT 2', new Set())).toMatchObject({ kind: 'refused' });
});
