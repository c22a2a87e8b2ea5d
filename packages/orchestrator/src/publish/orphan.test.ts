import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeCommand } from '@agnes/child-process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { publishRequest } from '../testing/publish-request.test-setup.ts';
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
  const { file, args } = nodeCommand(import.meta.resolve('@agnes/orchestrator/publish-runner'));
  const child = spawn(file, args, { stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = once(child, 'exit');
  child.stdin.write(`${JSON.stringify(await publishRequest(server.dataDir))}\n`);
  await sleep(500);
  expect(child.exitCode).toBeNull();
  child.stdin.end();
  expect(await ended).toStrictEqual([3, null]);
});
