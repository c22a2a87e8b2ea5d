import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'report-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function report(content: unknown): { line: string; code: number | null } {
  const path = join(folder, 'report.json');
  rmSync(path, { force: true });
  if (content !== undefined) writeFileSync(path, JSON.stringify(content));
  const { stdout, status } = spawnSync(process.execPath, [join(import.meta.dirname, 'report-tests.mjs'), path], {
    encoding: 'utf8',
  });
  return { line: stdout, code: status };
}

const good = {
  success: true,
  numPassedTests: 5,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [],
};

it.each([
  ['a good run', good, '5 passed, 0 failed\n', 0],
  ['skipped tests', { ...good, numPendingTests: 1, numTodoTests: 1 }, '5 passed, 0 failed, 2 skipped\n', 0],
  ['failed tests', { ...good, success: false, numFailedTests: 2 }, '5 passed, 2 failed\n', 1],
  [
    'a test file that does not load',
    { ...good, success: false, testResults: [{ status: 'failed', assertionResults: [] }] },
    '5 passed, 1 failed\n',
    1,
  ],
  ['an error outside any test', { ...good, success: false }, '5 passed, 1 failed\n', 1],
  ['no tests', { ...good, numPassedTests: 0 }, '0 passed, 1 failed\n', 1],
  ['no report', undefined, '0 passed, 1 failed\n', 1],
])('%s is counted from the report', (_name, content, line, code) => {
  expect(report(content)).toEqual({ line, code });
});
