import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { sizeOf } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';
import { schema } from '@agnes/state';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestEngine, testEngine } from './query-engine.test-setup.ts';
import { createUsage } from './usage.ts';

let it: TestEngine;
let ann: string;
let bob: string;

beforeAll(async () => {
  it = await testEngine({ workers: 2, resultMb: 1, timeLimitSeconds: 30 });
  await it.publish('numbers', 'SELECT i AS id, md5(i::VARCHAR) AS text FROM range(200000) t(i)');
  ann = await it.person('ann');
  bob = await it.person('bob');
  await it.grant('ann', 'numbers');
  await it.grant('bob', 'numbers');
});
afterAll(() => it[Symbol.asyncDispose]());

const results = () => readdir(join(it.folder, 'tmp/query/results'));

test('a result file that grows too large ends its query, and is gone', async () => {
  const endless = "SELECT repeat('x', 1000) AS text FROM range(1000000000)";
  await expect(it.engine.gateway.query({ userId: ann }, endless, { format: 'csv', limit: null })).rejects.toMatchObject(
    {
      code: 'result_too_large',
      details: { limit_bytes: 1024 ** 2 },
    },
  );
  await expect.poll(results).toStrictEqual([]);
  await expect(
    it.engine.gateway.query({ userId: ann }, 'SELECT text FROM numbers', { format: 'csv', limit: null }),
  ).rejects.toMatchObject({ code: 'result_too_large' });
  expect(await it.rows(ann, 'SELECT count(*) FROM numbers')).toStrictEqual([[200_000]]);
});

test('a query whose caller goes away ends with its worker, and its turn is the next one’s', async () => {
  const gone = new AbortController();
  const sql = 'SELECT sum(a.id * b.id) FROM numbers a, numbers b';
  const left = it.engine.gateway.query({ userId: ann, signal: gone.signal }, sql, { format: 'json', limit: 1 });
  setTimeout(() => gone.abort(), 300);
  await expect(left).rejects.toMatchObject({ code: 'query_failed', message: expect.stringContaining('went away') });
  expect(await it.rows(ann, 'SELECT 1')).toStrictEqual([[1]]);
  expect(it.engine.status()).toMatchObject({ running: 0, waiting: 0 });
});

test('a query that waited is refused when its caller may ask no more by then', async () => {
  await it.reopen({ workers: 1, perUser: 1 });
  const gone = new AbortController();
  const endless = 'SELECT sum(a.id * b.id) FROM numbers a, numbers b';
  const wanted = { format: 'json', limit: 1 } as const;
  const first = it.engine.gateway.query({ userId: ann, signal: gone.signal }, endless, wanted);
  first.catch(() => {});
  await expect.poll(() => it.engine.status().running).toBe(1);
  let isIn = true;
  const stillIn = async (): Promise<void> => {
    if (!isIn) throw new AgnesError('account_deactivated', 'This account is not active.');
  };
  const waiting = it.engine.gateway.query({ userId: ann, stillIn }, 'SELECT 1', wanted);
  waiting.catch(() => {});
  await expect.poll(() => it.engine.status().waiting).toBe(1);
  isIn = false;
  gone.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'account_deactivated' });
  await expect(first).rejects.toMatchObject({ code: 'query_failed' });
});

test('a result is not handed to somebody who was turned away while it was made', async () => {
  let asked = 0;
  const stillIn = async (): Promise<void> => {
    asked += 1;
    if (asked > 1) throw new AgnesError('account_deactivated', 'This account is not active.');
  };
  const wanted = { format: 'csv', limit: null } as const;
  const query = it.engine.gateway.query({ userId: ann, stillIn }, 'SELECT * FROM numbers LIMIT 10', wanted);
  await expect(query).rejects.toMatchObject({ code: 'account_deactivated' });
  expect(await results()).toStrictEqual([]);
});

test('what a person had today is kept over a restart, and ends at the cap', async () => {
  const two = await it.engine.gateway.query({ userId: bob }, 'SELECT text FROM numbers LIMIT 20000', {
    format: 'csv',
    limit: null,
  });
  if (two.kind !== 'file') throw new Error('A file was asked for.');
  await rm(two.path);
  await it.reopen({ dailyMb: 1 });
  const more = await it.engine.gateway.query({ userId: bob }, 'SELECT text FROM numbers LIMIT 20000', {
    format: 'csv',
    limit: null,
  });
  if (more.kind === 'file') await rm(more.path);
  await it.reopen({ dailyMb: 1 });
  await expect(it.rows(bob, 'SELECT 1')).rejects.toMatchObject({
    code: 'daily_byte_cap_exceeded',
    status: 429,
    details: {
      reason: 'daily_byte_cap_exceeded',
      kind: 'result_bytes_per_day',
      current: 2 * two.bytes,
      limit: 1024 ** 2,
      retry_after_seconds: expect.any(Number),
    },
  });
  expect(await it.rows(ann, 'SELECT 1')).toStrictEqual([[1]]);
  const rows = await it.state.db.select().from(schema.queryUsage);
  expect(rows.find(({ user_id }) => user_id === bob)).toMatchObject({ queries: 2, bytes: 2 * two.bytes });
  await it.reopen({ dailyMb: 0 });
  expect(await it.rows(bob, 'SELECT 1')).toStrictEqual([[1]]);
});

test('what an administrator asks as somebody else counts for the administrator', async () => {
  const had = async (): Promise<[ann: number, root: number]> => {
    await it.reopen({});
    const rows = await it.state.db.select().from(schema.queryUsage);
    const queriesOf = (id: string): number => rows.find(({ user_id }) => user_id === id)?.queries ?? 0;
    return [queriesOf(ann), queriesOf('user_root')];
  };
  const [annBefore, rootBefore] = await had();
  const asAnn = { userId: ann, viewedBy: { userId: 'user_root' } };
  await it.engine.gateway.query(asAnn, 'SELECT count(*) FROM numbers', { format: 'json', limit: 1 });
  expect(await had()).toEqual([annBefore, rootBefore + 1]);
});

test('usage is of a UTC day, is written in batches, and what could not be written is written later', async () => {
  let now = new Date('2026-03-01T23:59:59Z');
  let writes = 0;
  let broken = false;
  const errors: unknown[] = [];
  const state = {
    db: it.state.db,
    write: ((work) => {
      writes += 1;
      if (broken) return Promise.reject(new Error('no writes now'));
      return it.state.write(work);
    }) as typeof it.state.write,
  };
  const usage = createUsage({ state, dailyBytes: 100, onError: (error) => errors.push(error), now: () => now });
  for (let count = 0; count < 50; count += 1) usage.add('user_x', 2);
  await expect(usage.check('user_x')).rejects.toMatchObject({ details: { current: 100, retry_after_seconds: 1 } });
  await usage.settled();
  expect(writes).toBe(1);
  now = new Date('2026-03-02T00:00:00Z');
  await usage.check('user_x');
  broken = true;
  usage.add('user_x', 99);
  await expect.poll(() => errors.length).toBeGreaterThan(0);
  broken = false;
  usage.add('user_x', 1);
  await usage.settled();
  const again = createUsage({ state, dailyBytes: 100, onError: () => {}, now: () => now });
  await expect(again.check('user_x')).rejects.toMatchObject({ details: { current: 100 } });
});

test('what a crash left behind is swept at the start', async () => {
  const [result, worker] = ['results/left.csv', 'workers/worker-left/spill.tmp'].map((name) =>
    join(it.folder, 'tmp/query', name),
  );
  if (result === undefined || worker === undefined) throw new Error('Both are named.');
  await writeFile(result, 'left');
  await mkdir(dirname(worker), { recursive: true });
  await writeFile(worker, 'left');
  await it.reopen();
  expect([result, worker].filter((path) => existsSync(path))).toStrictEqual([]);
});

test('a caller who goes away while the answer is being finished leaves no result behind', async () => {
  await it.reopen();
  const folder = join(it.folder, 'tmp/query/results');
  /** Ten numbers with their heading. */
  const wroteAll = async (): Promise<boolean> => {
    const [name] = await readdir(folder);
    return name !== undefined && (await sizeOf(join(folder, name))) === 'id\n'.length + 10 * '0\n'.length;
  };
  /** Asks, and goes away so many turns after the file is whole; tells whether and after how many the answer came. */
  const ask = async (most: number): Promise<{ answered: boolean; turns: number }> => {
    const gone = new AbortController();
    const wanted = { format: 'csv', limit: null } as const;
    const asked = it.engine.gateway.query(
      { userId: ann, signal: gone.signal },
      'SELECT id FROM numbers LIMIT 10',
      wanted,
    );
    let settled = false;
    const result = asked.finally(() => {
      settled = true;
    });
    result.catch(() => {});
    while (!(await wroteAll())) await setImmediate();
    let turns = 0;
    for (; turns < most && !settled; turns += 1) await setImmediate();
    gone.abort();
    const [{ status, ...told }] = await Promise.allSettled([result]);
    if ('value' in told && told.value.kind === 'file') await rm(told.value.path);
    return { answered: status === 'fulfilled', turns };
  };
  const rounds = 20;
  let at = 0;
  for (let round = 0; round < 3; round += 1) at = (await ask(Number.POSITIVE_INFINITY)).turns;
  let answered = 0;
  for (let round = 0; round < rounds; round += 1) {
    const one = await ask(at);
    if (one.answered) answered += 1;
    // Towards the moment at which the answer is just there.
    at = Math.max(0, at + (one.answered ? -1 : 1) * Math.ceil(Math.max(one.turns, 10) / 10));
  }
  process.stdout.write(`callers who go away: ${rounds}, of which ${answered} had their answer already\n`);
  await expect.poll(results).toStrictEqual([]);
});

test('queries that wait together do not pass the cap together', async () => {
  await it.reopen({ dailyMb: 1, workers: 2, perUser: 1 });
  await it.person('dora');
  await it.grant('dora', 'numbers');
  const wanted = { format: 'csv', limit: null } as const;
  const asked = Array.from({ length: 8 }, () =>
    it.engine.gateway.query({ userId: 'user_dora' }, 'SELECT text FROM numbers LIMIT 20000', wanted),
  );
  const answers = await Promise.allSettled(asked);
  let answered = 0;
  for (const answer of answers) {
    if (answer.status === 'fulfilled' && answer.value.kind === 'file') {
      answered += 1;
      await rm(answer.value.path);
    } else expect(answer).toMatchObject({ reason: { code: 'daily_byte_cap_exceeded' } });
  }
  // Each has about two thirds of the cap.
  expect(answered).toBe(2);
});
