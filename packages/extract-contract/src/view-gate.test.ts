import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attachReadOnly, openDatabase } from '@agnes/duckdb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openViewGate, type ViewGate } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'agnes-gate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let made = 0;

/** The gate of an extract that holds `t` and what the statements make. */
async function gateOver(statements: readonly string[]): Promise<ViewGate & AsyncDisposable> {
  const path = join(folder, `extract-${++made}.duckdb`);
  {
    await using database = await openDatabase(path);
    await using connection = await database.connect();
    await connection.run("CREATE TABLE t AS SELECT range AS a, range % 3 AS b, [1, 2] AS l, 'x' AS s FROM range(9)");
    for (const statement of statements) await connection.run(statement);
  }
  const database = await openDatabase(':memory:');
  const connection = await database.connect();
  await attachReadOnly(connection, path, 'extract');
  return { ...(await openViewGate(connection, 'extract')), [Symbol.asyncDispose]: () => database.close() };
}

async function ask(statements: readonly string[], name = 'v'): Promise<void> {
  await using gate = await gateOver(statements);
  await gate.check(name);
}

const HONEST = [
  'SELECT * FROM t',
  'SELECT a + 1 AS n, upper(s) || s AS u, a::DECIMAL(10, 2) AS d, TRY_CAST(s AS DATE) AS e FROM t WHERE s LIKE $$x%$$',
  'SELECT b, count(*) FILTER (a > 1) AS n, sum(a) AS total, grouping(b) AS g FROM t GROUP BY CUBE (b) HAVING count(*) > 0',
  'SELECT *, row_number() OVER (PARTITION BY b ORDER BY a) AS nth, sum(a) OVER (ORDER BY a) AS so_far FROM t QUALIFY nth = 1',
  'SELECT list_filter(l, lambda x: x > 1) AS few, [x + 1 FOR x IN l] AS more, list_sum(l) AS total, l[1] AS one FROM t',
  "SELECT {'x': a, 'y': s} AS pair, MAP {s: a} AS m, date_trunc('month', now()) AS month, INTERVAL 3 DAY AS days FROM t",
  "SELECT json_extract_string(to_json(t), '$.a') AS a, regexp_replace(s, 'x', 'y') AS r, strftime(DATE '2026-01-01', '%Y') AS y FROM t",
  'WITH big AS (SELECT * FROM t WHERE a > 3), other AS (SELECT 1 AS z) SELECT * FROM big, other',
  'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r',
  'SELECT * FROM t AS x ASOF JOIN t AS y ON x.a >= y.a LEFT JOIN (SELECT 1 AS one) z ON true ORDER BY x.a DESC LIMIT 3',
  'SELECT * FROM t PIVOT (sum(a) FOR b IN (0, 1, 2))',
  'SELECT * FROM (SELECT a, b FROM t) UNPIVOT (value FOR name IN (a, b))',
  'SELECT * EXCLUDE (l) REPLACE (a + 1 AS a) FROM t UNION ALL BY NAME SELECT a, b, s FROM main.t USING SAMPLE 10%',
  'SELECT unnest(l) AS one FROM t, range(3), unnest([1, 2]) AS u(v), generate_series(1, 2), (VALUES (1)) AS w(x)',
  'SELECT (SELECT max(a) FROM t) AS top, EXISTS (FROM t) AS any_, CASE WHEN true THEN 1 END AS c, coalesce(NULL, 2) AS d, nullif(1, 2) AS e',
  'SELECT current_date AS today, random() AS r, uuid() AS id, md5(s) AS h, hash(a) AS g FROM t',
];

const RELATIONS = [
  ...['duckdb_databases()', 'duckdb_settings()', 'duckdb_extensions()', 'duckdb_secrets()', 'duckdb_tables'],
  ...['pragma_database_list', 'pragma_database_size()', 'sqlite_master', 'information_schema.tables', 'pg_tables'],
  ...["glob('*')", "query('FROM duckdb_settings()')", "query_table('t')", "parquet_metadata('x.parquet')"],
  ...['(SHOW DATABASES)', '(DESCRIBE t)', '(SUMMARIZE t)', 'pg_catalog.pg_settings', 'duckdb_variables()'],
  ...['(WITH duckdb_databases AS (SELECT 1) SELECT 1) q, duckdb_databases'],
  ...['(WITH a AS (FROM duckdb_settings()) FROM a)', 't, LATERAL (FROM duckdb_settings() WHERE t.a = 1)'],
];

const CALLS = [
  ...["current_setting('memory_limit')", "getvariable('x')", 'version()', 'current_query()', 'current_schemas(true)'],
  ...["json_serialize_sql('SELECT 1')", 'pg_postmaster_start_time()', 'txid_current()', 'pg_catalog.pg_get_viewdef(1)'],
  ...["list_filter([1], lambda x: current_setting('threads') > '0')", "(SELECT current_setting('threads'))"],
  ...["sum(current_setting('threads')) OVER ()", 'stats(1)', 'main.version()'],
];

describe('of an extract', () => {
  let gate: ViewGate & AsyncDisposable;
  beforeAll(async () => {
    const view = (kind: string) => (select: string, index: number) => `CREATE VIEW ${kind}_${index} AS ${select}`;
    gate = await gateOver([
      ...HONEST.map(view('honest')),
      // Without a file to bind to it is made over a macro of the name, which then goes.
      'CREATE MACRO parquet_metadata(path) AS TABLE SELECT 1 AS x',
      ...RELATIONS.map((from) => `SELECT * FROM ${from}`).map(view('relation')),
      'DROP MACRO TABLE parquet_metadata',
      ...CALLS.map((call) => `SELECT ${call} AS x`).map(view('call')),
    ]);
  });
  afterAll(() => gate[Symbol.asyncDispose]());

  test.each([...HONEST.entries()])('honest view %i passes: %s', async (index) => {
    await gate.check(`honest_${index}`);
  });
  test.each([...RELATIONS.entries()])('view %i over %s is refused', async (index) => {
    const refused = { code: 'publish_refused', hint: expect.any(String) };
    await expect(gate.check(`relation_${index}`)).rejects.toMatchObject(refused);
  });
  test.each([...CALLS.entries()])('view %i that calls %s is refused', async (index) => {
    await expect(gate.check(`call_${index}`)).rejects.toMatchObject({ code: 'publish_refused' });
  });
});

test('views over views, over another schema of the extract, with columns of their own and odd names pass', async () => {
  await ask([
    'CREATE SCHEMA staging',
    'CREATE TABLE staging.raw AS SELECT 1 AS x',
    'CREATE VIEW staging.inner_one AS SELECT * FROM staging.raw',
    'CREATE VIEW "odd "" AS (name" ("a b", "c"")") AS SELECT x, x FROM staging.inner_one',
    'CREATE VIEW v (one, two) AS SELECT * FROM "odd "" AS (name"',
  ]);
});

test('what hides behind a view, a macro or a computed column is found', async () => {
  const behind = [
    'CREATE VIEW deep AS FROM duckdb_settings()',
    'CREATE VIEW mid AS FROM deep',
    'CREATE VIEW v AS FROM mid',
  ];
  await expect(ask(behind)).rejects.toThrow(/deep uses duckdb_settings\(\)/);
  const macro = ["CREATE MACRO lower(x) AS current_setting('threads')", "CREATE VIEW v AS SELECT lower('x') AS x"];
  await expect(ask(macro)).rejects.toThrow(/lower\(\)/);
  const tableMacro = ['CREATE MACRO mine() AS TABLE FROM duckdb_settings()', 'CREATE VIEW v AS FROM mine()'];
  await expect(ask(tableMacro)).rejects.toThrow(/mine\(\)/);
  const computed = "CREATE TABLE c (a INTEGER, b AS (current_setting('threads') || a))";
  await expect(ask([computed], 'c')).rejects.toThrow(/current_setting\(\)/);
  await expect(ask([computed, 'CREATE VIEW v AS FROM c'])).rejects.toThrow(/c uses current_setting\(\)/);
  await ask(['CREATE TABLE c (a INTEGER DEFAULT 7, b AS (a + 1))'], 'c');
});
