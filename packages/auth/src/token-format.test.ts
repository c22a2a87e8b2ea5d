import { expect, test } from 'vitest';
import { createTokenText, hashToken, isTokenText, randomText } from './token-format.ts';

test('a token says what it is, holds its own checksum, and is never the same twice', () => {
  const tokens = Array.from({ length: 500 }, (_, index) => createTokenText(index % 2 ? 'session' : 'personal'));
  for (const { token, hash, prefix } of tokens) {
    expect(token).toMatch(/^agnes_(ses|pat)_[0-9A-Za-z]{49}$/);
    expect(isTokenText(token)).toBe(true);
    expect(hash).toBe(hashToken(token));
    expect(token.startsWith(prefix)).toBe(true);
  }
  expect(new Set(tokens.map(({ hash }) => hash)).size).toBe(500);
});

test('no single changed, lost or swapped character passes the checksum', () => {
  const { token } = createTokenText('personal');
  for (let at = 0; at < token.length; at += 1) {
    const other = token.charAt(at) === 'a' ? 'b' : 'a';
    expect(isTokenText(token.slice(0, at) + other + token.slice(at + 1))).toBe(false);
    expect(isTokenText(token.slice(0, at) + token.slice(at + 1))).toBe(false);
    const [left, right] = [token.charAt(at), token.charAt(at + 1)];
    if (left !== right && right !== '') {
      expect(isTokenText(token.slice(0, at) + right + left + token.slice(at + 2))).toBe(false);
    }
  }
});

test('random text uses every letter and digit about equally often', () => {
  const counts = new Map<string, number>();
  for (const character of randomText(62_000)) counts.set(character, (counts.get(character) ?? 0) + 1);
  expect(counts.size).toBe(62);
  // 1000 expected each; six standard deviations are 190.
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(190);
});
