import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@agnes/testkit';
import { expect, test } from 'vitest';

const page = readFileSync(join(repositoryRoot, 'docs', 'security', 'asvs.md'), 'utf8');
// Prose is wrapped, so a test's name may go over two lines.
const named = [...page.replaceAll(/\s+/g, ' ').matchAll(/`([\w./-]+\.test\.ts)`: ([^`|;()]*[^`|;(). ])/g)].map(
  ([, file = '', name = '']) => [file, name] as const,
);
const rows = page.split('\n').filter((line) => /^\| \d/.test(line));

test('every test that the page names is there', () => {
  expect(named.length).toBeGreaterThan(rows.length / 2);
  const missing = named.filter(([file, name]) => {
    const path = join(repositoryRoot, file);
    return !existsSync(path) || !readFileSync(path, 'utf8').includes(name);
  });
  process.stdout.write(`ASVS: ${rows.length} rows, ${named.length} tests named, missing: ${missing.length}\n`);
  expect(missing).toEqual([]);
});

test('every row has an answer: a test, a place, or why there is none', () => {
  for (const row of rows) {
    const [number, , answer = ''] = row
      .split('|')
      .slice(1)
      .map((cell) => cell.trim());
    expect(answer.length, number).toBeGreaterThan(10);
    expect(number).toMatch(/^\d+\.\d+\.\d+(, \d+\.\d+\.\d+)*$/);
  }
  const met = rows.filter((row) => !row.includes('not met') && !row.includes('does not apply')).length;
  expect(met).toBeGreaterThan(rows.length / 2);
});
