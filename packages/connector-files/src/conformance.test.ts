import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkConnector, formatChecks, inProcess } from '@agnes/extract-contract/conformance';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { filesConnector } from './index.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'agnes-files-'));
  await writeFile(join(root, 'orders.csv'), 'id,total\n1,19.90\n2,0.10\n');
  await writeFile(join(root, 'events.ndjson'), '{"id": 1, "at": "2026-01-02"}\n{"id": 2, "at": null}\n');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const command = [process.execPath, '--conditions=@agnes/source', join(import.meta.dirname, 'run.ts')] as const;

test.for([
  ['as a process', { command }, 1],
  ['in this process', inProcess(filesConnector), 3],
] as const)('the connector conforms %s', async ([, subject, skips]) => {
  const checks = await checkConnector({
    subject,
    config: { roots: [root] },
    tables: [
      { name: 'orders', source_table: 'orders.csv' },
      { name: 'events', source_table: 'events.ndjson' },
    ],
    secrets: { A_TOKEN: 'a-token-that-nobody-gave-it' },
    kills: 3,
  });
  const report = formatChecks(checks);
  expect(
    checks.filter((check) => check.outcome === 'failed'),
    report,
  ).toStrictEqual([]);
  expect(checks.filter((check) => check.outcome === 'skipped').length, report).toBe(skips);
});
