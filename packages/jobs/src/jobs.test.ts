import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgnesError } from '@agnes/errors';
import { openState, type State, schema } from '@agnes/state';
import { testState } from '@agnes/testkit';
import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createJobs, type Job, type JobHandler, type JobOutcome, type JobRunner, type Jobs } from './index.ts';

let folder: string;
let state: State;
let jobs: Jobs;
let runners: JobRunner[];
let errors: unknown[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-jobs-'));
  state = await openState(await testState(join(folder, 'system.duckdb')));
});
afterAll(async () => {
  await state.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await state.write(async (tx) => {
    await tx.delete(schema.jobs);
    await tx.delete(schema.jobLog);
  });
  jobs = createJobs({ state });
  runners = [];
  errors = [];
});
afterEach(() => Promise.all(runners.map((runner) => runner.stop({ graceSeconds: 0 }))));

const outcome = (more: Partial<JobOutcome> = {}): JobOutcome => ({
  attempted: 1,
  changed: 1,
  skipped: [],
  failed: [],
  ...more,
});
const failure = (item: string) => ({ item, code: 'publish_failed', message: `${item} broke.`, hint: 'Mend it.' });

function start(handlers: Record<string, JobHandler>, concurrency = 4): JobRunner {
  const runner = jobs.start({
    handlers,
    concurrency,
    pollSeconds: 0.2,
    leaseSeconds: 3,
    onError: (error) => errors.push(error),
  });
  runners.push(runner);
  return runner;
}

async function until(id: string, ...statuses: Job['status'][]): Promise<Job> {
  for (;;) {
    const job = await jobs.get(id);
    if (statuses.includes(job.status)) {
      return job;
    }
    await sleep(10);
  }
}
const finished = (id: string) => until(id, 'succeeded', 'partial', 'failed', 'cancelled');

/** A handler that waits until it is told to go on, or is aborted. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const handler: JobHandler = (_, { signal }) =>
    new Promise((done, fail) => {
      signal.addEventListener('abort', () => fail(signal.reason));
      void promise.then(() => done(outcome()));
    });
  return { open: resolve, handler };
}

describe('the status of a job', () => {
  test.each<[string, JobHandler, Partial<Job>]>([
    ['all done', async () => outcome(), { status: 'succeeded', error: null }],
    ['nothing to do', async () => outcome({ attempted: 0, changed: 0 }), { status: 'succeeded' }],
    [
      'skipped',
      async () => outcome({ changed: 0, skipped: [{ item: 'a', reason: 'unchanged' }] }),
      { status: 'succeeded' },
    ],
    [
      'some failed',
      async () => outcome({ attempted: 3, failed: [failure('a'), failure('b')] }),
      { status: 'partial', error: null },
    ],
    [
      'one failed, the others skipped',
      async () => outcome({ attempted: 2, changed: 0, skipped: [{ item: 'b', reason: 'x' }], failed: [failure('a')] }),
      { status: 'partial' },
    ],
    [
      'all failed',
      async () => outcome({ attempted: 2, changed: 0, failed: [failure('a'), failure('b')] }),
      {
        status: 'failed',
        error: { code: 'publish_failed', message: 'All 2 failed; the first, a: a broke.', hint: 'Mend it.' },
      },
    ],
    [
      'failed before anything was attempted',
      async () => outcome({ attempted: 0, changed: 0, failed: [failure('a')] }),
      { status: 'failed' },
    ],
    [
      'threw an error with a code',
      async () => {
        throw new AgnesError('connector_timeout', 'Too slow.', { hint: 'Raise the limit.' });
      },
      {
        status: 'failed',
        outcome: null,
        error: { code: 'connector_timeout', message: 'Too slow.', hint: 'Raise the limit.' },
      },
    ],
  ])('%s', async (_what, handler, expected) => {
    start({ work: handler });
    const { id } = await jobs.enqueue({ kind: 'work', payload: null });
    expect(await finished(id)).toMatchObject({ ...expected, attempts: 1, finished_at: expect.any(Date) });
    expect(errors).toEqual([]);
  });

  test.each<[string, () => unknown]>([
    ['a bug', () => Promise.reject(new Error('undefined is not a function'))],
    [
      'a bug that throws at once',
      () => {
        throw new Error('undefined is not a function');
      },
    ],
    ['an outcome that is none', async () => ({ attempted: Number.NaN })],
  ])('%s fails the job as internal_error, and is reported', async (_what, handler) => {
    start({ work: handler as JobHandler });
    const { id } = await jobs.enqueue({ kind: 'work', payload: null });
    expect(await finished(id)).toMatchObject({ status: 'failed', error: { code: 'internal_error' } });
    expect(errors).toHaveLength(1);
  });
});

describe('the queue', () => {
  test('gives the handler what was asked for, and keeps its progress, log and outcome', async () => {
    const seen = gate();
    start({
      sync: async (job, context) => {
        context.log('info', `source ${JSON.stringify(job.payload)}`);
        context.progress({ done: 1, total: 2, unit: 'tables' });
        context.log('warning', 'x'.repeat(10_000));
        await seen.handler(job, context);
        return outcome({ details: { rows: 3 } });
      },
    });
    const { id } = await jobs.enqueue({ kind: 'sync', payload: { source: 's' }, createdBy: 'usr_1' });
    const running = await until(id, 'running');
    expect(running).toMatchObject({ payload: { source: 's' }, created_by: 'usr_1', lane: 'sync' });
    while ((await jobs.get(id)).progress === null) {
      await sleep(10);
    }
    expect((await jobs.get(id)).progress).toEqual({ done: 1, total: 2, unit: 'tables' });
    seen.open();
    expect(await finished(id)).toMatchObject({ outcome: { details: { rows: 3 } } });
    const lines = await jobs.log(id);
    expect(lines.map(({ position, level }) => [position, level])).toEqual([
      [1, 'info'],
      [2, 'warning'],
    ]);
    expect(lines[0]?.message).toBe('source {"source":"s"}');
    expect(lines[1]?.message).toBe(`${'x'.repeat(4000)} … (cut)`);
    expect(await jobs.log(id, { after: 1 })).toHaveLength(1);
  });

  test('caps the log of one job and says how much it left out', async () => {
    start({
      chatty: async (_, { log }) => {
        for (let line = 0; line < 6000; line += 1) {
          log('info', `line ${line}`);
        }
        return outcome();
      },
    });
    const { id } = await jobs.enqueue({ kind: 'chatty', payload: null });
    await finished(id);
    const lines = await jobs.log(id, { limit: 10_000 });
    expect(lines).toHaveLength(5001);
    expect(lines.at(-1)?.message).toContain('1000 more lines were left out');
  });

  test('runs jobs of one lane in their order, one at a time, and lanes side by side', async () => {
    const order: string[] = [];
    let together = 0;
    let most = 0;
    const running = new Set<string>();
    start({
      work: async (job) => {
        expect(running.has(job.lane)).toBe(false);
        running.add(job.lane);
        together += 1;
        most = Math.max(most, together);
        await sleep(5);
        order.push(`${job.lane}${job.payload}`);
        together -= 1;
        running.delete(job.lane);
        return outcome();
      },
    });
    const ids: string[] = [];
    for (let number = 0; number < 5; number += 1) {
      for (const lane of ['a', 'b', 'c']) {
        ids.push((await jobs.enqueue({ kind: 'work', lane, payload: number })).id);
      }
    }
    const all = await Promise.all(ids.map(finished));
    expect(all.map((job) => [job.status, job.error])).toEqual(all.map(() => ['succeeded', null]));
    for (const lane of ['a', 'b', 'c']) {
      expect(order.filter((entry) => entry.startsWith(lane))).toEqual(
        [0, 1, 2, 3, 4].map((number) => `${lane}${number}`),
      );
    }
    expect(most).toBeGreaterThan(1);
  });

  test('runs no more than its concurrency at a time', async () => {
    const wait = gate();
    start({ work: wait.handler }, 2);
    const ids = await Promise.all(
      ['a', 'b', 'c'].map(async (lane) => (await jobs.enqueue({ kind: 'work', lane, payload: null })).id),
    );
    await sleep(300);
    expect((await jobs.list({ status: 'running' })).length).toBe(2);
    expect((await jobs.list({ status: ['running', 'queued'] })).length).toBe(3);
    wait.open();
    await Promise.all(ids.map(finished));
  });

  test('returns the job that is there for the same key, until that one is finished', async () => {
    const request = { kind: 'work', payload: null, idempotencyKey: 'nightly' };
    const many = await Promise.all(Array.from({ length: 10 }, () => jobs.enqueue(request)));
    expect(new Set(many.map((job) => job.id)).size).toBe(1);
    expect(many.filter((job) => !job.existing)).toHaveLength(1);
    expect(await jobs.enqueue({ ...request, kind: 'other' })).toMatchObject({ existing: false });
    start({ work: async () => outcome() });
    await finished(many[0]?.id ?? '');
    expect(await jobs.enqueue(request)).toMatchObject({ existing: false });
  });

  test('a job enqueued in a transaction exists when that is committed', async () => {
    start({ work: async () => outcome() });
    const undone = state.write(async (tx) => {
      await jobs.enqueue({ kind: 'work', payload: null }, tx);
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect(await jobs.list()).toEqual([]);
    const { id } = await state.write(async (tx) => {
      const job = await jobs.enqueue({ kind: 'work', payload: null }, tx);
      await sleep(20);
      return job;
    });
    expect(await finished(id)).toMatchObject({ status: 'succeeded' });
    expect(errors).toEqual([]);
  });

  test('lists the newest first, by kind and status', async () => {
    for (const [payload, kind] of ['a', 'b', 'a', 'c'].entries()) {
      await jobs.enqueue({ kind, payload });
    }
    expect((await jobs.list()).map((job) => job.payload)).toEqual([3, 2, 1, 0]);
    expect((await jobs.list({ kind: 'a', limit: 1 })).map((job) => job.payload)).toEqual([2]);
    expect(await jobs.list({ status: 'running' })).toEqual([]);
  });

  test('an unknown job is job_not_found', async () => {
    for (const call of [() => jobs.get('x'), () => jobs.log('x'), () => jobs.cancel('x')]) {
      await expect(call()).rejects.toMatchObject({ code: 'job_not_found' });
    }
  });

  test('prunes what finished long ago, but not the newest', async () => {
    start({
      work: async (_, { log }) => {
        log('info', 'x');
        return outcome();
      },
    });
    const ids: string[] = [];
    for (let number = 0; number < 4; number += 1) {
      const { id } = await jobs.enqueue({ kind: 'work', payload: number });
      await finished(id);
      ids.push(id);
    }
    expect(await jobs.prune({ olderThan: new Date(0), keep: 0 })).toBe(0);
    expect(await jobs.prune({ olderThan: new Date(Date.now() + 1000), keep: 3 })).toBe(1);
    expect((await jobs.list()).map((job) => job.id).sort()).toEqual(ids.slice(1));
    expect(await state.db.$count(schema.jobLog)).toBe(3);
  });
});

describe('cancelling', () => {
  test('a queued job ends at once and never runs', async () => {
    const { id } = await jobs.enqueue({ kind: 'work', payload: null });
    expect(await jobs.cancel(id)).toMatchObject({ status: 'cancelled', attempts: 0, finished_at: expect.any(Date) });
    start({ work: async () => outcome() });
    await sleep(100);
    expect(await jobs.get(id)).toMatchObject({ status: 'cancelled', attempts: 0 });
  });

  test('a running job is asked to end, and its lane goes on', async () => {
    const wait = gate();
    start({ work: wait.handler });
    const first = await jobs.enqueue({ kind: 'work', payload: 1 });
    const second = await jobs.enqueue({ kind: 'work', payload: 2 });
    await until(first.id, 'running');
    await jobs.cancel(first.id);
    expect(await finished(first.id)).toMatchObject({ status: 'cancelled', error: null });
    await until(second.id, 'running');
    wait.open();
    expect(await finished(second.id)).toMatchObject({ status: 'succeeded' });
    expect(await jobs.cancel(second.id)).toMatchObject({ status: 'succeeded' });
  });

  test('what was done before the end is kept', async () => {
    start({
      work: (_, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve(outcome({ attempted: 5, changed: 2 })));
        }),
    });
    const { id } = await jobs.enqueue({ kind: 'work', payload: null });
    await until(id, 'running');
    await jobs.cancel(id);
    expect(await finished(id)).toMatchObject({ status: 'cancelled', outcome: { changed: 2 } });
  });

  test('a cancel that came by way of the state alone is noticed', async () => {
    start({ work: gate().handler });
    const { id } = await jobs.enqueue({ kind: 'work', payload: null });
    await until(id, 'running');
    await createJobs({ state }).cancel(id);
    expect(await finished(id)).toMatchObject({ status: 'cancelled' });
  });
});

describe('leases', () => {
  test('a runner whose job was given away writes nothing more and is told', async () => {
    const told = Promise.withResolvers<unknown>();
    const release = Promise.withResolvers<void>();
    start({
      work: async (_, { signal, log }) => {
        signal.addEventListener('abort', () => told.resolve(signal.reason));
        await release.promise;
        log('info', 'written by the stale runner');
        return outcome();
      },
    });
    const { id } = await jobs.enqueue({ kind: 'work', payload: null });
    const { fencing_token } = schema.jobs;
    await until(id, 'running');
    const taken = { fencing_token: 7, lease_owner: 'another', lease_expires_at: new Date(Date.now() + 60_000) };
    await state.write((tx) => tx.update(schema.jobs).set(taken).where(eq(schema.jobs.id, id)));
    await expect(told.promise).resolves.toMatchObject({ code: 'job_lost' });
    release.resolve();
    await sleep(50);
    expect(await jobs.log(id)).toEqual([]);
    const [row] = await state.db.select({ fencing_token, status: schema.jobs.status }).from(schema.jobs);
    expect(row).toMatchObject({ fencing_token: 7, status: 'running' });
  });

  test('a job that outlives its lease keeps it by renewing, though another runner waits for it', async () => {
    const work: JobHandler = async () => {
      await sleep(2000);
      return outcome();
    };
    const short = {
      handlers: { work },
      leaseSeconds: 0.9,
      pollSeconds: 0.1,
      onError: (error: unknown) => errors.push(error),
    };
    runners.push(jobs.start(short), createJobs({ state }).start(short));
    const { id } = await jobs.enqueue({ kind: 'work', payload: null });
    expect(await finished(id)).toMatchObject({ status: 'succeeded', attempts: 1 });
    expect(errors).toEqual([]);
  });

  test('a lease that was not renewed in time passes to another runner', async () => {
    const { id } = await jobs.enqueue({ kind: 'work', payload: null });
    const behind = createJobs({ state, now: () => new Date(0) });
    const wait = gate();
    runners.push(behind.start({ handlers: { work: wait.handler } }));
    await until(id, 'running');
    start({ work: async () => outcome({ changed: 0 }) });
    expect(await finished(id)).toMatchObject({ status: 'succeeded', attempts: 2, outcome: { changed: 0 } });
    wait.open();
    await sleep(50);
    expect(await jobs.get(id)).toMatchObject({ outcome: { changed: 0 } });
  });

  test('a job that was lost three times is failed as job_lost, one that was to be cancelled is cancelled', async () => {
    const lost = { kind: 'work', status: 'running', payload: {}, lease_owner: 'gone', created_at: new Date() };
    await state.write((tx) =>
      tx.insert(schema.jobs).values([
        { ...lost, id: 'a', lane: 'a', attempts: 3 },
        { ...lost, id: 'b', lane: 'b', attempts: 1, cancel_requested_at: new Date() },
        { ...lost, id: 'c', lane: 'c', attempts: 2 },
      ]),
    );
    start({ work: async () => outcome() });
    expect(await finished('a')).toMatchObject({
      status: 'failed',
      error: { code: 'job_lost', hint: expect.any(String) },
    });
    expect(await finished('b')).toMatchObject({ status: 'cancelled', attempts: 1 });
    expect(await finished('c')).toMatchObject({ status: 'succeeded', attempts: 3 });
    expect((await jobs.log('c'))[0]?.message).toContain('starts again (start 3 of 3)');
  });
});

describe('stopping', () => {
  test('waits for a job that ends in time', async () => {
    const wait = gate();
    const runner = start({ work: wait.handler });
    const { id } = await jobs.enqueue({ kind: 'work', payload: null });
    await until(id, 'running');
    const stopped = runner.stop({ graceSeconds: 30 });
    wait.open();
    await stopped;
    expect(await jobs.get(id)).toMatchObject({ status: 'succeeded' });
  });

  test('hands back what does not, as if it had not been started', async () => {
    const runner = start({ work: gate().handler });
    const { id } = await jobs.enqueue({ kind: 'work', payload: null });
    await until(id, 'running');
    await runner.stop({ graceSeconds: 0 });
    expect(await jobs.get(id)).toMatchObject({ status: 'queued', attempts: 0 });
    start({ work: async () => outcome() });
    expect(await finished(id)).toMatchObject({ status: 'succeeded', attempts: 1 });
  });
});
