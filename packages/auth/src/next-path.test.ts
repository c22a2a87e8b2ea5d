import { expect, test } from 'vitest';
import { nextPath } from './next-path.ts';

test.each([
  '/',
  '/catalog',
  '/catalog?q=a&b=%2F',
  '/a/b#c',
  '/login/device?user_code=ABCD-EFGH',
  '/with%20space',
  '/a?u=https://example.com//x',
  '/%E4%B8%AD',
])('%j is a path of this server', (next) => {
  expect(nextPath(next)).toBe(next);
});

const hostile = [
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '/\\/evil.example',
  '\\\\evil.example',
  '\\/evil.example',
  'https://evil.example',
  'https:evil.example',
  'http:///evil.example',
  'javascript:alert(1)',
  'data:text/html,x',
  'evil.example',
  '@evil.example',
  '.evil.example',
  ' //evil.example',
  '\t//evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '/\r\nSet-Cookie: a=b',
  '/\u0000/evil.example',
  '/\u007f',
  '/\u0085/x',
  '/.//evil.example',
  '/..//evil.example',
  '/a/..//evil.example',
  '/a/%2e%2e//evil.example',
  '/%2F/evil.example',
  '/%2Fevil.example',
  '/%5Cevil.example',
  '/%5c%5cevil.example',
  '/%09/evil.example',
  '/%0d%0aSet-Cookie:a',
  '/%00',
  '/%ff',
  '/a\\..\\..\\evil',
  `/${'a'.repeat(3000)}`,
  '',
];
test.each(hostile)('%j is not', (next) => {
  expect(nextPath(next)).toBe('/');
});

test('nothing is not', () => {
  expect([nextPath(undefined), nextPath(null)]).toEqual(['/', '/']);
  process.stdout.write(`next: ${hostile.length} paths that lead elsewhere, 0 followed\n`);
});
