import { type Connection, type Database, openDatabase } from '@agnes/duckdb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkPolicyExpression } from './index.ts';

let database: Database;
let connection: Connection;
beforeAll(async () => {
  database = await openDatabase(':memory:');
  connection = await database.connect();
});
afterAll(() => database.close());

const columns = [
  { name: 'region', type: 'VARCHAR' },
  { name: 'amount', type: 'DECIMAL(10,2)' },
  { name: 'odd "name"', type: 'STRUCT(a INTEGER, b VARCHAR[])' },
];

test.each([
  ["region = 'CZ'", 'filter', 'BOOLEAN'],
  ["list_contains(caller.groups, region) OR caller.email LIKE '%@example.com'", 'filter', 'BOOLEAN'],
  ['list_contains(list_transform(caller.groups, g -> upper(g)), region)', 'filter', 'BOOLEAN'],
  ["left(region, 1) || '***' -- the rest is hidden", 'mask', 'VARCHAR'],
  ['CASE WHEN amount > 100 THEN NULL ELSE amount END', 'mask', 'DECIMAL(10,2)'],
  ['"odd ""name""".a', 'mask', 'INTEGER'],
  ["age(TIMESTAMP '2026-01-31', TIMESTAMP '2026-01-01')", 'mask', 'INTERVAL'],
] as const)('%s is a %s', async (expression, kind, type) => {
  expect(await checkPolicyExpression(connection, columns, expression, kind)).toStrictEqual({ kind: 'ok', type });
});

test.each([
  ['amount', 'filter', 'sql_invalid'],
  ['(SELECT true)', 'filter', 'sql_not_allowed'],
  ['region IN (SELECT region FROM other)', 'filter', 'sql_not_allowed'],
  ['EXISTS (FROM other)', 'filter', 'sql_not_allowed'],
  ['sum(amount)', 'mask', 'sql_not_allowed'],
  ['row_number() OVER ()', 'mask', 'sql_not_allowed'],
  ['unnest([1, 2])', 'mask', 'sql_not_allowed'],
  ['COLUMNS(*)', 'mask', 'sql_not_allowed'],
  ['*', 'mask', 'sql_not_allowed'],
  ['#1', 'mask', 'sql_not_allowed'],
  ["getenv('HOME')", 'mask', 'sql_function_not_allowed'],
  ["current_setting('threads')", 'mask', 'sql_function_not_allowed'],
  ['stats(region)', 'mask', 'sql_function_not_allowed'],
  ['?', 'mask', 'sql_not_allowed'],
  ["region > strftime(now(), '%Y')", 'filter', 'sql_not_allowed'],
  ["DATE '2026-01-31' > CURRENT_DATE", 'filter', 'sql_not_allowed'],
  ["TIMESTAMP '2026-01-31' > localtimestamp", 'filter', 'sql_not_allowed'],
  ["date_diff('day', DATE '2026-01-31', today()) < 30", 'filter', 'sql_not_allowed'],
  ["age(TIMESTAMP '2026-01-31') < INTERVAL 1 DAY", 'filter', 'sql_not_allowed'],
  [
    'list_contains(list_transform(caller.groups, g -> ago(INTERVAL 1 DAY)::VARCHAR), region)',
    'filter',
    'sql_not_allowed',
  ],
  ['random() < 0.5', 'filter', 'sql_not_allowed'],
  ['amount + random()', 'mask', 'sql_not_allowed'],
  ['uuid()', 'mask', 'sql_not_allowed'],
  ['nosuch', 'filter', 'sql_unknown_column'],
  ['true) FROM other --', 'filter', 'sql_syntax'],
  ['true) OR (true', 'filter', 'sql_syntax'],
  ['true); DROP TABLE other; SELECT (true', 'filter', 'sql_syntax'],
  ['', 'filter', 'sql_syntax'],
  ["'open", 'filter', 'sql_syntax'],
  ['region = ', 'filter', 'sql_syntax'],
  [`'${'x'.repeat(30_000)}' = ''`, 'filter', 'sql_too_large'],
] as const)('%s is refused as a %s', async (expression, kind, code) => {
  const answer = await checkPolicyExpression(connection, columns, expression, kind);
  expect(answer).toMatchObject({ kind: 'refused', code });
});
