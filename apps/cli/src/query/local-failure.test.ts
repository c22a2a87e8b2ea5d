import { openDatabase } from '@agnes/duckdb';
import { AgnesError } from '@agnes/errors';
import { expect, test } from 'vitest';
import { placeText } from '../output/place-text.ts';
import { localFailure } from './local-failure.ts';
import { withExcerpt } from './position.ts';

/** What a person reads of a statement that fails, from what DuckDB really says. */
async function failure(sql: string): Promise<AgnesError> {
  await using database = await openDatabase(':memory:');
  const connection = await database.connect();
  await connection.run("CREATE TABLE a AS SELECT 'X' AS code, 1 AS amount");
  const error = await connection.rows(sql).then(
    () => new Error('It did not fail.'),
    (thrown: unknown) => localFailure(thrown, sql),
  );
  const shown = withExcerpt(error, sql);
  if (!(shown instanceof AgnesError)) throw shown;
  return shown;
}

test.each([
  ['SELEKT 1', 'sql_syntax', 'parsed: syntax error at or near "SELEKT"', 'Look at the place'],
  ['SELECT amuont FROM a', 'sql_unknown_column', 'no column amuont', 'Did you mean amount? '],
  ['SELECT a.amuont FROM a', 'sql_unknown_column', 'no column amuont', 'Did you mean amount? '],
  ['SELECT b.amount FROM a', 'sql_unknown_column', 'no table or alias b in FROM', 'Name it in FROM'],
  ['SELECT amount FROM a GROUP BY code', 'sql_invalid', 'GROUP BY', 'agnes schema'],
  ['SELECT nosuch(1)', 'sql_invalid', 'nosuch', 'agnes schema'],
  ['SELECT * FROM nosuch', 'table_not_found', "'nosuch'", 'agnes catalog'],
  ['SELECT * FROM x.nosuch', 'table_not_found', "'x.nosuch'", 'agnes catalog'],
  ['SELECT CAST(code AS INTEGER) FROM a', 'query_failed', "'X'", 'TRY_CAST'],
])('%s is %s', async (sql, code, message, hint) => {
  const error = await failure(sql);
  expect(error).toMatchObject({ code, message: expect.stringContaining(message), hint: expect.stringContaining(hint) });
  expect(error.message).not.toMatch(/LINE|Error:|\n/);
});

test.each([
  ['SELEKT 1', 1, 1, '    SELEKT 1\n    ^'],
  ['SELECT amount,\n  amuont FROM a', 2, 3, '      amuont FROM a\n      ^'],
  ['SELECT 1,\r\n\tamuont FROM a', 2, 2, '     amuont FROM a\n     ^'],
  [`SELECT '日本', amuont FROM a`, 1, 14, "    SELECT '日本', amuont FROM a\n                   ^"],
])('the place of %j is shown', async (sql, line, column, excerpt) => {
  const error = await failure(sql);
  expect(error.details.position).toEqual({ line, column });
  expect(placeText(error.details).join('\n')).toBe(`  at line ${line}, column ${column}:\n${excerpt}`);
});

test('of a long line a part is shown', async () => {
  const sql = `SELECT ${'1 + '.repeat(60)}amuont${' + 1'.repeat(60)} FROM a`;
  const error = await failure(sql);
  const [, line = '', mark = ''] = placeText(error.details);
  expect(error.details.position).toEqual({ line: 1, column: sql.indexOf('amuont') + 1 });
  expect(line.length).toBeLessThan(120);
  expect(line.slice(mark.indexOf('^'))).toMatch(/^amuont \+/);
});

test('a place that the statement has not is not shown as a line of it', () => {
  for (const position of [
    { line: 9, column: 1 },
    { line: 1, column: 99 },
  ]) {
    const error = withExcerpt(new AgnesError('sql_invalid', 'x', { details: { position } }), 'SELECT 1');
    expect(error).toMatchObject({ details: { position } });
    expect(error).not.toHaveProperty('details.excerpt');
  }
  expect(placeText({ position: 'there', excerpt: 'x' })).toEqual([]);
  expect(placeText({ position: { line: -1, column: 'x' } })).toEqual([]);
});
