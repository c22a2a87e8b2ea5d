import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeCommand } from '@agnes/child-process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type TestServer, testServer } from '../testing/server.test-setup.ts';
import { writeExtract } from '../testing/sources.test-setup.ts';

let server: TestServer;
beforeEach(async () => {
  server = await testServer();
});
afterEach(() => server[Symbol.asyncDispose]());

test('a runner whose server is gone ends by itself', async () => {
  await writeExtract(server.dataDir, 'shop', ['endless'], async (connection) => {
    await connection.run('CREATE VIEW endless AS SELECT count(*) AS n FROM range(1000000000) a, range(1000000000) b');
  });
  const out = join(server.dataDir, 'tmp', 'publish-x');
  await mkdir(out, { recursive: true });
  const { file, args } = nodeCommand(import.meta.resolve('@agnes/orchestrator/publish-runner'));
  const child = spawn(file, args, { stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = once(child, 'exit');
  const request = {
    source: 'shop',
    source_dir: join(server.dataDir, 'extracts', 'shop'),
    out_dir: out,
    blobs_root: join(server.dataDir, 'blobs'),
    known_files: [],
    leave_out: [],
    known_tables: [],
    limits: { memory: '200MB', threads: 1, spill: '1GB' },
  };
  child.stdin.write(`${JSON.stringify(request)}\n`);
  await sleep(500);
  expect(child.exitCode).toBeNull();
  child.stdin.end();
  expect(await ended).toStrictEqual([3, null]);
});
