import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyToCsv, copyToNdjson, openDatabase, toJson } from './index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-ndjson-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('values of every type are what toJson makes of them, also inside others and when there is none', async () => {
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  const file = join(folder, 'types.ndjson');
  const flat = `SELECT true AS b, 1::TINYINT AS t, 9007199254740991 AS fits, 9007199254740993 AS large, -9007199254740993 AS low,
      18446744073709551615::UBIGINT AS u, 170141183460469231731687303715884105727::HUGEINT AS h, 5::HUGEINT AS small,
      0.1::FLOAT AS f, 'NaN'::DOUBLE AS nan, '-inf'::DOUBLE AS inf, 1e300 AS d, 1.10::DECIMAL(10,2) AS price,
      'a "quoted" ž\n' AS text, '{"a": 1}'::JSON AS json, 'x'::ENUM('x', 'y') AS enum, uuid() AS id, '0101'::BIT AS bit,
      INTERVAL '1 month 2 days 03:04:05.678' AS span, encode('žluť') AS bytes, DATE '2024-02-29' AS day,
      'infinity'::DATE AS never, TIME '01:02:03.4' AS time, '01:02:03+02'::TIMETZ AS timetz, '01:02:03-02:30'::TIMETZ AS west,
      TIMESTAMP '2024-02-29 01:02:03.000004' AS ts, '2024-02-29 01:02:03'::TIMESTAMP_S AS ts_s,
      '2024-02-29 01:02:03.004'::TIMESTAMP_MS AS ts_ms, '2024-02-29 01:02:03.000000004'::TIMESTAMP_NS AS ts_ns,
      TIMESTAMPTZ '2024-02-29 01:02:03.5+02' AS tstz, 'infinity'::TIMESTAMPTZ AS forever, NULL AS nothing,
      9999999999999999999999::BIGNUM AS big`;
  const nested = `SELECT [9007199254740993, 1, NULL] AS list, [[1.5::DECIMAL(3,1)], NULL] AS lists, [1, 2]::INTEGER[2] AS fixed,
      {'a': 9007199254740993, 'b c': [TIMESTAMP '2024-01-01']} AS struct, NULL::STRUCT(a BIGINT) AS no_struct,
      MAP {'k': 9007199254740993, 'n': NULL} AS map, union_value(num := 9007199254740993) AS u, NULL::UNION(num BIGINT) AS no_union,
      [{'x': [{'y': 'NaN'::DOUBLE}]}] AS deep`;
  let checked = 0;
  for (const select of [flat, nested]) {
    const columns = (await connection.columns(select)).map(({ name }) => `"${name}"`).join(', ');
    const sql = `SELECT ${columns} FROM (${select}) UNION ALL (SELECT ${columns} FROM (${select}) WHERE false) -- end`;
    const expected = (await connection.rows(sql)).map(toJson);
    // uuid() differs from run to run, so it is held by a table.
    await connection.run(`CREATE OR REPLACE TABLE held AS ${select}`);
    expect(await copyToNdjson(connection, 'SELECT * FROM held', file)).toBe(1);
    const [written] = (await readFile(file, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect({ ...written, id: null }).toStrictEqual({ ...(expected[0] as object), id: null });
    checked += Object.keys(written ?? {}).length;
  }
  process.stdout.write(`ndjson: ${checked} values of as many types, differences 0\n`);
});

test('rows keep their order, and columns that are named alike are all there', async () => {
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  const file = join(folder, 'rows.ndjson');
  const sql = 'SELECT i AS a, i + 1 AS a, -i AS "2" FROM range(50000) t(i) ORDER BY i DESC -- the newest first';
  expect(await copyToNdjson(connection, sql, file)).toBe(50_000);
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  expect(lines[0]).toBe('{"a":49999,"a_1":50000,"2":-49999}');
  expect(lines.at(-1)).toBe('{"a":0,"a_1":1,"2":0}');

  expect(
    await copyToCsv(connection, `SELECT 'a,b' AS x, NULL AS y, '' AS z, 1.10::DECIMAL(5,2) AS x -- end`, file),
  ).toBe(1);
  expect(await readFile(file, 'utf8')).toBe('x,y,z,x_1\n"a,b",,"",1.10\n');
});
