import { describe, expect, test } from 'vitest';
import { openDatabase, toJson } from './index.ts';

/** SQL, what rows() gives, what toJson() makes of it (left out when it is the same). */
const cases: readonly (readonly [type: string, sql: string, value: unknown, json?: unknown])[] = [
  ['BOOLEAN', 'true', true],
  ['TINYINT', '(-128)::TINYINT', -128],
  ['SMALLINT', '32767::SMALLINT', 32767],
  ['INTEGER', '2147483647', 2147483647],
  ['UTINYINT', '255::UTINYINT', 255],
  ['USMALLINT', '65535::USMALLINT', 65535],
  ['UINTEGER', '4294967295::UINTEGER', 4294967295],
  ['BIGINT that a number holds', '9007199254740991::BIGINT', 9007199254740991],
  ['BIGINT that no number holds', '9007199254740993::BIGINT', 9007199254740993n, '9007199254740993'],
  ['UBIGINT', '18446744073709551615::UBIGINT', 18446744073709551615n, '18446744073709551615'],
  ['HUGEINT that a number holds', 'sum(5)', 5],
  ['HUGEINT that no number holds', '(2::HUGEINT ** 100)::HUGEINT', 2n ** 100n, String(2n ** 100n)],
  ['UHUGEINT', '340282366920938463463374607431768211455::UHUGEINT', 2n ** 128n - 1n, String(2n ** 128n - 1n)],
  [
    'BIGNUM',
    "'-1234567890123456789012345678901234567890123'::BIGNUM",
    -1234567890123456789012345678901234567890123n,
    '-1234567890123456789012345678901234567890123',
  ],
  ['FLOAT', '1.5::FLOAT', 1.5],
  ['DOUBLE', '1e308::DOUBLE', 1e308],
  ['DOUBLE -0', "'-0'::DOUBLE", -0, -0],
  ['DOUBLE NaN', "'nan'::DOUBLE", Number.NaN, null],
  ['DOUBLE infinity', "'-inf'::DOUBLE", Number.NEGATIVE_INFINITY, null],
  ['DECIMAL', '12345678901234567890123456789012345.670::DECIMAL(38,3)', '12345678901234567890123456789012345.670'],
  ['small DECIMAL', '(-0.05)::DECIMAL(4,2)', '-0.05'],
  ['VARCHAR', "'žluťoučký 🦆'", 'žluťoučký 🦆'],
  ['ENUM', "'b'::ENUM('a', 'b')", 'b'],
  ['JSON', `'{"a": 12345678901234567890}'::JSON`, '{"a": 12345678901234567890}'],
  ['UUID', "'550e8400-e29b-41d4-a716-446655440000'::UUID", '550e8400-e29b-41d4-a716-446655440000'],
  ['BIT', "'0101011'::BIT", '0101011'],
  ['BLOB', "'\\x00\\xFF'::BLOB", Uint8Array.of(0, 255), 'AP8='],
  ['DATE', "DATE '2024-02-29'", '2024-02-29'],
  ['DATE before our era', "'0044-03-15 (BC)'::DATE", '-000043-03-15'],
  ['DATE after 9999', "'123456-01-31'::DATE", '+123456-01-31'],
  ['DATE infinity', "'infinity'::DATE", 'infinity'],
  ['TIME', "TIME '23:59:59.000100'", '23:59:59.0001'],
  ['TIME_NS', "'10:11:12.123456789'::TIME_NS", '10:11:12.123456789'],
  ['TIMETZ', "'10:11:12.5-05:30'::TIMETZ", '10:11:12.5-05:30'],
  ['TIMESTAMP', "TIMESTAMP '1969-12-31 23:59:59.999999'", '1969-12-31T23:59:59.999999'],
  ['TIMESTAMP infinity', "'-infinity'::TIMESTAMP", '-infinity'],
  ['TIMESTAMP_S', "'2024-02-29 12:34:56'::TIMESTAMP_S", '2024-02-29T12:34:56'],
  ['TIMESTAMP_MS', "'2024-02-29 12:34:56.789'::TIMESTAMP_MS", '2024-02-29T12:34:56.789'],
  ['TIMESTAMP_NS', "'2024-02-29 12:34:56.789012345'::TIMESTAMP_NS", '2024-02-29T12:34:56.789012345'],
  ['TIMESTAMPTZ', "'2024-02-29 12:34:56.789012+02'::TIMESTAMPTZ", '2024-02-29T10:34:56.789012Z'],
  ['TIMESTAMPTZ infinity', "'infinity'::TIMESTAMPTZ", 'infinity'],
  ['INTERVAL', "INTERVAL '1 year 2 days 3 hours 4.000005 seconds'", '1 year 2 days 03:00:04.000005'],
  ['LIST', '[1, NULL, 9007199254740993]', [1, null, 9007199254740993n], [1, null, '9007199254740993']],
  ['ARRAY', "array_value('nan'::DOUBLE, 1)", [Number.NaN, 1], [null, 1]],
  ['STRUCT', "{'a': 1, 'b': {'c': DATE '2024-01-01'}}", { a: 1, b: { c: '2024-01-01' } }],
  ['MAP', "MAP {'k': 1.5::DECIMAL(3,1)}", [{ key: 'k', value: '1.5' }]],
  ['UNION', 'union_value(n := 2)::UNION(n INTEGER, s VARCHAR)', { tag: 'n', value: 2 }],
  ['VARIANT', "{'a': [1, 2]}::VARIANT", { a: [1, 2] }],
  ['NULL', 'NULL', null],
];

describe('row values', () => {
  test.each(cases)('%s', async (_type, sql, value, json = value) => {
    await using database = await openDatabase(':memory:');
    const connection = await database.connect();
    const row = await connection.first<{ v: unknown }>(`SELECT ${sql} AS v`);
    expect(row?.v).toStrictEqual(value);
    expect(toJson(row?.v)).toStrictEqual(json);
    expect(() => JSON.stringify(toJson(row?.v))).not.toThrow();
  });

  test('every type that the engine has can be read', async () => {
    await using database = await openDatabase(':memory:');
    const connection = await database.connect();
    const rows = await connection.rows('SELECT * FROM test_all_types()');
    expect(rows).toHaveLength(3);
    expect(JSON.parse(JSON.stringify(toJson(rows)))).toHaveLength(3);
  });

  test('days and instants agree with the engine over its whole range', async () => {
    await using database = await openDatabase(':memory:');
    const connection = await database.connect();
    const rows = await connection.rows<{ d: string; text: string }>(
      "SELECT d, strftime(d, '%Y-%m-%d') AS text FROM (SELECT DATE '0000-01-01' + (i * 977)::INTEGER AS d FROM range(3738) t(i))",
    );
    for (const row of rows) expect(row.d).toBe(row.text);
  });

  test('repeated column names are kept apart', async () => {
    await using database = await openDatabase(':memory:');
    const connection = await database.connect();
    expect(await connection.first('SELECT 1 AS a, 2 AS a')).toStrictEqual({ a: 1, 'a:1': 2 });
  });

  test('toJson takes Date and undefined, and refuses what is no value', () => {
    expect(toJson([new Date(0), undefined, new Date(Number.NaN)])).toStrictEqual([
      '1970-01-01T00:00:00.000Z',
      null,
      null,
    ]);
    expect(() => toJson(() => 1)).toThrow('function');
  });
});
