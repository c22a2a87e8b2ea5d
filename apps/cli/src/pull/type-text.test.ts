import { expect, test } from 'vitest';
import { isTypeText } from './type-text.ts';

test.each([
  'INTEGER',
  'DECIMAL(18,2)',
  'TIMESTAMP WITH TIME ZONE',
  'VARCHAR[]',
  'INTEGER[3]',
  'STRUCT("a b" INTEGER, c VARCHAR[])[]',
  "ENUM('a', 'it''s')",
  'MAP(VARCHAR, STRUCT(x DOUBLE))',
])('%s is a type', (text) => {
  expect(isTypeText(text)).toBe(true);
});

test.each([
  '',
  'INTEGER) AS x, (SELECT 1',
  'INTEGER; DROP TABLE t',
  'INTEGER, VARCHAR',
  "INTEGER -- '",
  'DECIMAL(SELECT 1)',
  'DECIMAL(18,2',
  'a]',
  "read_text('x') || 1",
])('%s is not', (text) => {
  expect(isTypeText(text)).toBe(false);
});
