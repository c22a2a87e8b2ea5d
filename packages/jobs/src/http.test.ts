import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jobOperations, type RequestContext } from '@agnes/api-contract';
import { openState, type State } from '@agnes/state';
import { testState } from '@agnes/testkit';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jobHandlers } from './http.ts';
import { createJobs } from './index.ts';

let folder: string;
let state: State;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-jobs-http-'));
  state = await openState(await testState(join(folder, 'system.duckdb')));
});
afterAll(async () => {
  await state.close();
  await rm(folder, { recursive: true, force: true });
});

const context: RequestContext = {
  caller: undefined,
  requestId: 'r',
  ip: null,
  headers: new Headers(),
  method: 'GET',
  signal: new AbortController().signal,
  stillAdmitted: async () => {},
};

test('jobs, their logs and their cancelling are answered in the shape of the contract', async () => {
  const jobs = createJobs({ state });
  const handlers = jobHandlers({ jobs });
  const { id } = await jobs.enqueue({ kind: 'work', payload: null });
  const runner = jobs.start({
    handlers: {
      work: async (_, { log, progress }) => {
        log('warning', 'careful');
        progress({ message: 'half way', done: 1, total: 2 });
        const failed = [{ item: 'a', code: 'publish_failed', message: 'No.', hint: 'Mend it.' }];
        return { attempted: 2, changed: 1, skipped: [], failed };
      },
    },
  });
  while ((await jobs.get(id)).status !== 'partial') {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await runner.stop();
  const input = { params: { id }, query: undefined, body: undefined };

  const body = await handlers.getJob(input, context);
  expect(v.parse(jobOperations.getJob.response, body)).toMatchObject({ id, status: 'partial', progress: { done: 1 } });
  const list = await handlers.listJobs(
    { params: undefined, query: { limit: 10, kind: 'work', status: 'partial' }, body: undefined },
    context,
  );
  expect(v.parse(jobOperations.listJobs.response, list)).toMatchObject({ count: 1, jobs: [{ id }] });
  const log = await handlers.getJobLog({ ...input, query: { after: 0 } }, context);
  expect(v.parse(jobOperations.getJobLog.response, log).lines).toMatchObject([{ position: 1, message: 'careful' }]);
  const cancelled = await handlers.cancelJob(input, context);
  expect(v.parse(jobOperations.cancelJob.response, cancelled)).toMatchObject({ status: 'partial' });

  const unknown = { params: undefined, query: { limit: 1, kind: undefined, status: 'done' }, body: undefined };
  await expect(handlers.listJobs(unknown, context)).rejects.toMatchObject({ code: 'invalid_request' });
});
