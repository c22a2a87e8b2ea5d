import { describe, expect, test } from 'vitest';
import { assertIdentifier, assertTableName, isEnvironmentName, isIdentifier, isQuotedIdentifier } from './index.ts';

const long = (length: number) => 'a'.repeat(length);

describe('strict identifiers', () => {
  test.each(['a', '_', 'orders', 'Orders_2024', '_x1', long(64)])('%s is one', (text) => {
    expect(isIdentifier(text)).toBe(true);
  });
  test.each(['', '1a', 'a-b', 'a.b', 'a b', 'ř', 'a\n', '\na', 'a\u0000', 'á', 'a"', "a'", 'a/b', '..', long(65)])(
    '%j is none',
    (text) => {
      expect(isIdentifier(text)).toBe(false);
      expect(() => assertIdentifier(text, 'source name')).toThrow('source name');
    },
  );
  test.each([null, undefined, 1, ['a'], { toString: () => 'a' }])('%j is none: nothing is coerced', (value) => {
    expect(isIdentifier(value)).toBe(false);
    expect(() => assertIdentifier(value, 'name')).toThrow(expect.objectContaining({ code: 'invalid_identifier' }));
  });
});

describe('relaxed identifiers', () => {
  test.each(['in.c-main', '0day', 'a', 'a.b-c_d', long(128)])('%s is one', (text) => {
    expect(isQuotedIdentifier(text)).toBe(true);
  });
  test.each(['', '.a', '-a', 'a"b', 'a b', 'in.c-main\n', 'ř', long(129)])('%j is none', (text) => {
    expect(isQuotedIdentifier(text)).toBe(false);
  });
});

describe('names of environment variables', () => {
  test.each(['A', 'API_TOKEN', 'X1'])('%s is one', (text) => expect(isEnvironmentName(text)).toBe(true));
  test.each(['', 'a', '_A', '1A', 'A-B', 'A\n', 'A B', `A${'B'.repeat(64)}`])('%j is none', (text) => {
    expect(isEnvironmentName(text)).toBe(false);
  });
});

test.each(['_meta', '_META', '_parts', '_remote_attach'])("%s is the contract's own and no table name", (name) => {
  expect(() => assertTableName(name)).toThrow(expect.objectContaining({ code: 'invalid_identifier' }));
});
