import { type Database, duckdbVersion, openDatabase } from '@agnes/duckdb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asciiLower } from './ascii.ts';
import {
  AGGREGATE_FUNCTIONS,
  isAllowedFunction,
  REFUSED_FAMILIES,
  refusalOf,
  SCALAR_FAMILIES,
  TABLE_FUNCTIONS,
  WINDOW_FUNCTIONS,
} from './functions.ts';

let database: Database;
let functions: { name: string; type: string }[];
beforeAll(async () => {
  database = await openDatabase(':memory:');
  await using connection = await database.connect();
  functions = await connection.rows(
    `SELECT DISTINCT function_name AS name, function_type AS type FROM duckdb_functions() WHERE function_type <> 'pragma' ORDER BY ALL`,
  );
});
afterAll(() => database.close());

const inExpressions = (type: string): boolean => type === 'scalar' || type === 'aggregate' || type === 'macro';

test('every function of this DuckDB is judged', async () => {
  const judged = functions.filter(({ name, type }) => {
    const lower = asciiLower(name);
    const allowed = inExpressions(type) ? isAllowedFunction(lower) : TABLE_FUNCTIONS.has(lower);
    return allowed || refusalOf(lower) !== undefined || (type === 'table_macro' && lower === 'histogram');
  });
  const allowed = functions.filter(({ name, type }) => inExpressions(type) && isAllowedFunction(asciiLower(name)));
  process.stdout.write(
    `functions of DuckDB ${await duckdbVersion()}: ${functions.length}, ${allowed.length} allowed in expressions, ` +
      `${TABLE_FUNCTIONS.size} in FROM\n`,
  );
  expect(functions.filter((one) => !judged.includes(one)).map(({ name }) => name)).toStrictEqual([]);
});

test('no name is both allowed and refused by its own name, and none stands twice', () => {
  const named = Object.values(REFUSED_FAMILIES).flat();
  const exact = named.filter((name) => !name.endsWith('*'));
  expect(exact.filter((name) => isAllowedFunction(name) || TABLE_FUNCTIONS.has(name))).toStrictEqual([]);
  const all = [...Object.values(SCALAR_FAMILIES).flat(), ...AGGREGATE_FUNCTIONS, ...WINDOW_FUNCTIONS];
  expect(all.filter((name, index) => all.indexOf(name) !== index)).toStrictEqual([]);
});

// `list_aggregate(l, 'name')` calls any of them by a text.
test('no aggregate is refused', () => {
  const aggregates = functions.filter(({ type }) => type === 'aggregate').map(({ name }) => name);
  expect(aggregates.filter((name) => !isAllowedFunction(name))).toStrictEqual([]);
});

test('what is listed exists, or is made by the parser', () => {
  const known = new Set(functions.map(({ name }) => asciiLower(name)));
  const listed = [
    ...Object.values(SCALAR_FAMILIES).flat(),
    ...AGGREGATE_FUNCTIONS,
    ...WINDOW_FUNCTIONS,
    ...TABLE_FUNCTIONS,
  ];
  expect(listed.filter((name) => !known.has(name)).sort()).toStrictEqual(['coalesce', 'if', 'ifnull', 'overlay']);
});
