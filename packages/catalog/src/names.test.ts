import { openDatabase } from '@agnes/duckdb';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkTableName, suggestedName } from './names.ts';
import { RESERVED_WORDS } from './reserved-words.ts';

const refused = (name: string): boolean => {
  try {
    checkTableName(name);
    return false;
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid_table_name', hint: expect.stringContaining(suggestedName(name)) });
    return true;
  }
};

test.each(['orders', '_x', 'Orders_2024', 'a'.repeat(64)])('%s is a table name', (name) => {
  expect(refused(name)).toBe(false);
});

test.each([
  '',
  '1st',
  'a b',
  'a-b',
  'a.b',
  'čas',
  'a\n',
  'a"b',
  'a'.repeat(65),
  'order',
  'ORDER',
  'join',
  '_meta',
  '_Remote_Attach',
  '__proto__',
])('%j is none', (name) => {
  expect(refused(name)).toBe(true);
});

test.each([
  ['Sales (EU) 2024', 'sales_eu_2024'],
  ['flights-3m', 'flights_3m'],
  ['Žluťoučký kůň', 'zlutoucky_kun'],
  ['2024 orders', 't_2024_orders'],
  ['order', 'order_table'],
  ['  ', 'my_table'],
])('for %j the name %s is proposed', (text, name) => {
  expect(suggestedName(text)).toBe(name);
});

test('what is proposed is always a table name', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => !refused(suggestedName(text))));
});

test('the reserved words are those that this DuckDB does not take as a table name', async () => {
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  const keywords = await connection.rows<{ word: string }>(
    'SELECT DISTINCT keyword_name AS word FROM duckdb_keywords() ORDER BY 1',
  );
  const refusedByDuckdb: string[] = [];
  for (const { word } of keywords) {
    try {
      await connection.run(`CREATE VIEW ${word} AS SELECT 1 AS i`);
      await connection.rows(`SELECT ${word}.i FROM ${word} JOIN ${word} AS other ON true`);
    } catch {
      refusedByDuckdb.push(word);
    }
  }
  expect([...RESERVED_WORDS]).toEqual(refusedByDuckdb);
});
