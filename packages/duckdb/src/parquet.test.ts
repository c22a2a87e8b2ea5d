import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type Connection,
  copyToParquet,
  copyToParquetParts,
  type Database,
  openDatabase,
  parquetFileInfo,
  quoteLiteral,
} from './index.ts';

let folder: string;
let database: Database;
let connection: Connection;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-parquet-'));
  database = await openDatabase(':memory:');
  connection = await database.connect();
});
afterEach(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

/** SQL of a value, and the type it has after a round trip when that is another one. */
const held: readonly (readonly [sql: string, becomes?: string])[] = [
  ['true'],
  ['(-128)::TINYINT'],
  ['255::UTINYINT'],
  ['32767::SMALLINT'],
  ['65535::USMALLINT'],
  ['1'],
  ['4294967295::UINTEGER'],
  ['9223372036854775807::BIGINT'],
  ['18446744073709551615::UBIGINT'],
  ['99999999999999999999999999999999999999::HUGEINT', 'DECIMAL(38,0)'],
  ['99999999999999999999999999999999999999::UHUGEINT', 'DECIMAL(38,0)'],
  ["'123456789012345678901234567890123456789012345'::BIGNUM", 'VARCHAR'],
  ['1.1::FLOAT'],
  ["'-0'::DOUBLE"],
  ["'nan'::DOUBLE"],
  ["'inf'::DOUBLE"],
  ['12345678901234567890123456789012345.678::DECIMAL(38,3)'],
  ["'a' || chr(0) || 'ř'"],
  ["'\\xAA\\x00'::BLOB"],
  ["'0101011'::BIT", 'VARCHAR'],
  ["'a'::ENUM('a', 'b')", 'VARCHAR'],
  [`'{"a":1}'::JSON`],
  ["'550e8400-e29b-41d4-a716-446655440000'::UUID"],
  ["DATE '2024-02-29'"],
  ["'infinity'::DATE"],
  ["'0044-03-15 (BC)'::DATE"],
  ["TIME '23:59:59.999999'"],
  ["'10:11:12.123456789'::TIME_NS"],
  ["'10:11:12.123456+05:30'::TIMETZ", 'VARCHAR'],
  ["TIMESTAMP '2024-02-29 12:34:56.789012'"],
  ["'-infinity'::TIMESTAMP"],
  ["'2024-02-29 12:34:56'::TIMESTAMP_S", 'TIMESTAMP'],
  ["'2024-02-29 12:34:56.789'::TIMESTAMP_MS", 'TIMESTAMP'],
  ["'2024-02-29 12:34:56.789012345'::TIMESTAMP_NS"],
  ["'2024-02-29 12:34:56.789012+02'::TIMESTAMPTZ"],
  ["'infinity'::TIMESTAMPTZ"],
  ["INTERVAL '1 year 2 days 3 hours 4.000005 seconds'", 'VARCHAR'],
  ["INTERVAL '-1 month 3 microseconds'", 'VARCHAR'],
  ['[1, NULL, 3]'],
  ['[]::INTEGER[]'],
  ['array_value(1, 2, 3)', 'INTEGER[]'],
  ["{'a': 1, 'b c': {'d': [TRUE]}}"],
  ["MAP {1: ['x']}"],
  ["{'a': 1, 'b': ['x']}::VARIANT"],
  [
    "[{'h': 5::HUGEINT, 'quo\"te': 'a'::ENUM('a', 'b'), 'm': MAP {'k': INTERVAL '1 day 1 microsecond'}}]",
    'STRUCT(h DECIMAL(38,0), "quo""te" VARCHAR, m MAP(VARCHAR, VARCHAR))[]',
  ],
];

test.each(held)('%s comes back as it was', async (sql, becomes) => {
  const path = join(folder, 't.parquet');
  const select = `SELECT * FROM (VALUES (1, ${sql}), (2, NULL)) t(i, v)`;
  expect((await copyToParquet(connection, select, path)).rows).toBe(2);
  const compared = await connection.first(
    `SELECT typeof(new.v) AS type, typeof(old.v) AS was, new.v::VARCHAR = old.v::VARCHAR AS same
     FROM (${select}) old JOIN read_parquet(${quoteLiteral(path)}) new USING (i) WHERE i = 1`,
  );
  expect(compared).toMatchObject({ same: true, type: becomes ?? compared?.was });
  expect(await connection.rows(`SELECT v FROM read_parquet(${quoteLiteral(path)}) WHERE i = 2`)).toStrictEqual([
    { v: null },
  ]);
});

test.each([
  ['v', '170141183460469231731687303715884105727::HUGEINT', 'DECIMAL(38,0)'],
  ['v', '[340282366920938463463374607431768211455::UHUGEINT]', 'DECIMAL(38,0)'],
  ['v', 'union_value(n := 2)::UNION(n INTEGER, s VARCHAR)', 'UNION'],
  ['v', "{'u': [union_value(n := 2)]}", 'UNION'],
  ['v', 'row(1, 2)', 'without names'],
])('column %s of %s is refused by name', async (column, sql, reason) => {
  const refused = copyToParquet(connection, `SELECT 1 AS i, 5::HUGEINT AS ok, ${sql} AS v`, join(folder, 't.parquet'));
  await expect(refused).rejects.toMatchObject({
    code: 'publish_refused',
    details: { column },
    message: expect.stringContaining(reason),
    hint: expect.stringContaining('Cast'),
  });
});

test("an error of the SELECT itself stays DuckDB's error", async () => {
  const failing = copyToParquet(connection, "SELECT 5::HUGEINT AS h, error('boom') AS e", join(folder, 't.parquet'));
  await expect(failing).rejects.toThrow('boom');
});

test('the same rows give the same bytes, whatever the number of threads', async () => {
  const hashes = new Set<string>();
  for (const threads of [1, 2, 4]) {
    await connection.run(`SET threads = ${threads}`);
    const path = join(folder, `${threads}.parquet`);
    await copyToParquet(
      connection,
      `SELECT i, 'row ' || (i % 1000) AS s, i::HUGEINT AS h, [i, i + 1] AS l FROM range(300000) t(i) ORDER BY i DESC`,
      path,
      { rowGroupSize: 50_000 },
    );
    hashes.add(
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    );
  }
  expect(hashes.size).toBe(1);
});

test('a large table is cut into parts in row order, the same ones each time', async () => {
  await connection.run('CREATE TABLE large AS SELECT i, md5(i::VARCHAR) AS m, 1::HUGEINT AS h FROM range(500000) t(i)');
  const runs = [];
  for (const threads of [1, 4]) {
    await connection.run(`SET threads = ${threads}`);
    const parts = await copyToParquetParts(connection, 'FROM large', join(folder, `${threads}`), {
      prefix: 'run',
      partBytes: 2_000_000,
    });
    let next = 0;
    for (const part of parts) {
      const sorted = await connection.first(
        `SELECT min(i) AS first, max(i) AS last, bool_and(i = file_row_number + ${next}) AS sorted
         FROM read_parquet(${quoteLiteral(part.path)}, file_row_number = true)`,
      );
      expect(sorted).toStrictEqual({ first: next, last: next + part.rows - 1, sorted: true });
      next += part.rows;
    }
    expect(next).toBe(500_000);
    const hash = createHash('sha256');
    for (const part of parts) hash.update(await readFile(part.path));
    runs.push({ sizes: parts.map((part) => part.size_bytes), hash: hash.digest('hex') });
    expect((await readdir(join(folder, `${threads}`))).length).toBe(parts.length);
  }
  expect(runs[0]?.sizes.length).toBeGreaterThan(3);
  expect(Math.min(...(runs[0]?.sizes ?? []))).toBeGreaterThan(1_000_000);
  expect(runs[1]).toStrictEqual(runs[0]);
});

test('parts of row groups hold the same values, statistics and bloom filters as the whole', async () => {
  const values = held.map(([sql], index) => `${sql} AS v${index}`).join(', ');
  await connection.run(`CREATE TABLE wide AS SELECT i, 'kind ' || (i % 7 + 10 * (i // 6000)) AS kind,
    if(i < 20000, NULL, i / 7.0) AS late, given.* FROM range(30000) t(i) LEFT JOIN (SELECT ${values}) given ON i % 3 = 0
    ORDER BY i`);
  const whole = join(folder, 'whole.parquet');
  await copyToParquet(connection, 'FROM wide', whole, { rowGroupSize: 4096 });
  const parts = await copyToParquetParts(connection, 'FROM wide', folder, {
    prefix: 'part',
    partBytes: 20_000,
    rowGroupSize: 4096,
  });
  expect(parts.length).toBeGreaterThan(2);
  const list = `[${parts.map(({ path }) => quoteLiteral(path)).join(', ')}]`;
  const differing = await connection.rows(
    `(SELECT columns(*)::VARCHAR FROM read_parquet(${list}) EXCEPT ALL SELECT columns(*)::VARCHAR FROM read_parquet(${quoteLiteral(whole)}))
     UNION ALL (SELECT columns(*)::VARCHAR FROM read_parquet(${quoteLiteral(whole)}) EXCEPT ALL SELECT columns(*)::VARCHAR FROM read_parquet(${list}))`,
  );
  expect(differing).toStrictEqual([]);
  const metadata = (
    files: string,
  ) => `SELECT row_number() OVER () AS n, row_group_num_rows, path_in_schema, type, num_values,
    stats_min_value, stats_max_value, stats_null_count, encodings, total_compressed_size, bloom_filter_length
    FROM parquet_metadata(${files})`;
  expect(await connection.rows(metadata(list))).toStrictEqual(await connection.rows(metadata(quoteLiteral(whole))));
  const probe = (file: string) =>
    connection.rows<{ out: boolean }>(
      `SELECT bloom_filter_excludes AS out FROM parquet_bloom_probe(${file}, 'kind', 'kind 3') ORDER BY file_name, row_group_id`,
    );
  const probed = [];
  for (const { path } of parts) probed.push(...(await probe(quoteLiteral(path))));
  expect(new Set(probed.map(({ out }) => out))).toStrictEqual(new Set([true, false]));
  expect(probed).toStrictEqual(await probe(quoteLiteral(whole)));
  expect(
    await connection.first(`SELECT count(*) AS n FROM read_parquet(${list}) WHERE kind = 'kind 43'`),
  ).toStrictEqual(await connection.first("SELECT count(*) AS n FROM wide WHERE kind = 'kind 43'"));
});

test('parts keep a column that has the name of the row number', async () => {
  const parts = await copyToParquetParts(
    connection,
    'SELECT i AS File_Row_Number, md5(i::VARCHAR) AS m FROM range(400000) t(i)',
    folder,
    { prefix: 'run', partBytes: 1_000_000 },
  );
  expect(parts.length).toBeGreaterThan(1);
  let next = 0;
  for (const part of parts) {
    const range = `SELECT min(File_Row_Number) AS first, max(File_Row_Number) AS last FROM read_parquet(${quoteLiteral(part.path)})`;
    expect(await connection.first(range)).toStrictEqual({ first: next, last: next + part.rows - 1 });
    next += part.rows;
  }
  expect(next).toBe(400_000);
});

test('no rows are one part, and older files of the folder stay', async () => {
  const select = 'SELECT 1 AS a WHERE false';
  const [first] = await copyToParquetParts(connection, select, folder, { prefix: 'one' });
  const parts = await copyToParquetParts(connection, select, folder, { prefix: 'two' });
  expect(parts).toMatchObject([{ path: join(folder, 'two-0.parquet'), rows: 0 }]);
  expect((await parquetFileInfo(connection, first?.path ?? '')).rows).toBe(0);
});

test('the footer tells rows and columns, and no rows are a file too', async () => {
  const path = join(folder, "it's.parquet");
  const written = await copyToParquet(connection, 'SELECT 1 AS a, NULL::DATE AS "b c" WHERE false', path);
  expect(written).toStrictEqual({ rows: 0, size_bytes: (await readFile(path)).byteLength });
  expect(await parquetFileInfo(connection, path)).toStrictEqual({
    rows: 0,
    columns: [
      { name: 'a', type: 'INTEGER' },
      { name: 'b c', type: 'DATE' },
    ],
  });
});

test('a glob character in a path names that file only', async () => {
  const path = join(folder, 'a[1]*.parquet');
  await copyToParquet(connection, 'SELECT 1 AS a', path);
  expect((await parquetFileInfo(connection, path)).rows).toBe(1);
});

test('a file that is no parquet is an error', async () => {
  const path = join(folder, 'x.parquet');
  await writeFile(path, 'not parquet at all');
  await expect(parquetFileInfo(connection, path)).rejects.toThrow('x.parquet');
});
