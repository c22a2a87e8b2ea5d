import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openState } from '@agnes/state';
import { testState } from '@agnes/testkit';
import { expect, test } from 'vitest';
import { createJobs } from './index.ts';

const CHILD = `
const { openState } = await import(process.argv[1]);
const { createJobs } = await import(process.argv[2]);
const jobs = createJobs({ state: await openState(JSON.parse(process.argv[3])) });
jobs.start({ handlers: { work: () => {
  process.stdout.write('running');
  return new Promise((resolve) => setTimeout(resolve, 60_000));
} } });
await jobs.enqueue({ kind: 'work', payload: 'first' });
await jobs.enqueue({ kind: 'work', payload: 'second' });
`;

test('jobs of a process that was killed are taken up at once by the next, and finished once, in order', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'agnes-jobs-crash-'));
  const location = await testState(join(folder, 'system.duckdb'));
  try {
    const modules = [import.meta.resolve('@agnes/state'), new URL('./index.ts', import.meta.url).href];
    const child = spawn(
      process.execPath,
      ['--conditions=@agnes/source', '--input-type=module', '-e', CHILD, ...modules, JSON.stringify(location)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(child.stdout, 'data');
    await sleep(200);
    child.kill('SIGKILL');
    await once(child, 'close');

    const state = await openState(location);
    const jobs = createJobs({ state });
    const done: unknown[] = [];
    const runner = jobs.start({
      handlers: {
        work: async (job) => {
          done.push(job.payload);
          return { attempted: 1, changed: 1, skipped: [], failed: [] };
        },
      },
    });
    while ((await jobs.list({ status: 'succeeded' })).length < 2) {
      await sleep(10);
    }
    await runner.stop();
    expect(done).toEqual(['first', 'second']);
    expect((await jobs.list()).map(({ payload, attempts }) => [payload, attempts])).toEqual([
      ['second', 1],
      ['first', 2],
    ]);
    await state.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
