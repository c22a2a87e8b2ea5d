import { existsSync } from 'node:fs';
import { mkdtemp, readdir, realpath, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyToParquet, openDatabase } from '@agnes/duckdb';
import { isAgnesError } from '@agnes/errors';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Output, WorkerTable } from './protocol.ts';
import { createWorkerPool, type UseOptions, type WorkerPool } from './worker-pool.ts';

let folder: string;
let numbers: string;
let later: string;
let many: string;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'agnes-pool-')));
  numbers = join(folder, 'numbers.parquet');
  later = join(folder, 'later.parquet');
  many = join(folder, 'many.parquet');
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  await copyToParquet(
    connection,
    `SELECT i::INTEGER AS i, 'row ' || i AS label, CASE i WHEN 0 THEN 'NaN'::DOUBLE ELSE i / 2 END AS half FROM range(3) t(i)`,
    numbers,
  );
  await copyToParquet(connection, 'SELECT i::BIGINT + 5000000000 AS i, i > 3 AS flag FROM range(3, 6) t(i)', later);
  await copyToParquet(connection, 'SELECT i, md5(i::VARCHAR) AS text FROM range(400000) t(i)', many);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const COLUMNS: Readonly<Record<string, WorkerTable['columns']>> = {
  numbers: [
    { name: 'i', type: 'INTEGER' },
    { name: 'label', type: 'VARCHAR' },
    { name: 'half', type: 'DOUBLE' },
  ],
  later: [
    { name: 'i', type: 'BIGINT' },
    { name: 'flag', type: 'BOOLEAN' },
  ],
  many: [
    { name: 'i', type: 'BIGINT' },
    { name: 'text', type: 'VARCHAR' },
  ],
};
const tableOf = (files: string[], columns: WorkerTable['columns'] = COLUMNS.later ?? []): WorkerTable => {
  return { name: 't', files, columns, uniform: false };
};
const json = (limit: number, bytes = 64 * 1024 ** 2): Output => ({ kind: 'json', limit, bytes });

async function read(
  pool: WorkerPool,
  table: WorkerTable,
  limit: number,
  options: UseOptions = {},
  output = json(limit),
) {
  const answer = await pool.use(({ ask }) => ask({ type: 'read', table, output }, 'json'), options);
  return JSON.parse(answer.json) as { columns: string[]; rows: unknown[][]; row_count: number; truncated: boolean };
}
const slow = (pool: WorkerPool, options: UseOptions = {}) =>
  read(pool, tableOf([many], COLUMNS.many), 400_000, options);

test('rows in their order, also of columns that only some files have or that others widen', async () => {
  await using pool = createWorkerPool();
  const columns = [
    { name: 'i', type: 'BIGINT' },
    { name: 'label', type: 'VARCHAR' },
    { name: 'half', type: 'DOUBLE' },
    { name: 'flag', type: 'BOOLEAN' },
  ];
  const whole = await read(pool, tableOf([numbers, later], columns), 100);
  expect(whole.columns).toStrictEqual(['i', 'label', 'half', 'flag']);
  expect(whole.rows.map(([i]) => i)).toStrictEqual([0, 1, 2, 5000000003, 5000000004, 5000000005]);
  expect(whole.rows[0]).toStrictEqual([0, 'row 0', null, null]);
  expect(whole.rows[3]).toStrictEqual([5000000003, null, null, false]);
  expect(whole).toMatchObject({ row_count: 6, truncated: false });
  const first = await read(pool, tableOf([numbers], columns), 2);
  expect(first).toStrictEqual({ ...whole, rows: whole.rows.slice(0, 2), row_count: 2, truncated: true });
  expect((await read(pool, tableOf([], columns), 5)).rows).toStrictEqual([]);
});

test('a worker opens the files of the request and nothing else, and says nothing of where they lie', async () => {
  await using pool = createWorkerPool();
  const rubbish = join(folder, 'rubbish.parquet');
  await writeFile(rubbish, 'not parquet at all');
  const error = await read(pool, tableOf([rubbish]), 1).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'blob_corrupt' });
  expect(isAgnesError(error) && error.message).not.toContain(folder);
  // The type of a column is SQL of ours; even if it were not, there is nothing to be read with it.
  const type = `VARCHAR) AS a, (SELECT content FROM read_text('${numbers}') LIMIT 1) AS b, CAST(1 AS INTEGER`;
  await expect(read(pool, tableOf([later], [{ name: 'x', type }]), 1)).rejects.toMatchObject({
    code: 'blob_corrupt',
  });
  expect((await read(pool, tableOf([later]), 100)).rows).toHaveLength(3);
});

test('20 at once are answered by two workers', async () => {
  await using pool = createWorkerPool({ size: 2 });
  const answers = await Promise.all(Array.from({ length: 20 }, () => read(pool, tableOf([later]), 3)));
  for (const { rows } of answers) expect(rows).toHaveLength(3);
  expect(pool.status().workers).toBeLessThanOrEqual(2);
});

test('each piece of work has a database of its own', async () => {
  await using pool = createWorkerPool({ size: 1 });
  await read(pool, tableOf([later]), 1);
  // The sandbox of the first is closed for good; a second could not open another file in it.
  expect((await read(pool, tableOf([numbers], COLUMNS.numbers), 1)).rows).toHaveLength(1);
  await expect(
    pool.use(async ({ ask }) => {
      await ask({ type: 'read', table: tableOf([later]), output: json(1) }, 'json');
      return ask({ type: 'read', table: tableOf([numbers], COLUMNS.numbers), output: json(1) }, 'json');
    }),
  ).rejects.toMatchObject({ code: 'query_failed' });
});

test('a worker is replaced after so much work, and leaves no folder', async () => {
  const tempRoot = join(folder, 'workers');
  {
    await using pool = createWorkerPool({ size: 1, requestsPerWorker: 1, tempRoot });
    for (let count = 0; count < 4; count += 1) expect((await read(pool, tableOf([later]), 1)).rows).toHaveLength(1);
  }
  await expect.poll(() => (existsSync(tempRoot) ? readdir(tempRoot) : [])).toStrictEqual([]);
});

test('at the deadline the worker is killed, the caller is told, and the next request is answered', async () => {
  await using pool = createWorkerPool({ size: 1 });
  await read(pool, tableOf([later]), 1);
  await expect(slow(pool, { deadlineMs: 20 })).rejects.toMatchObject({ code: 'query_timeout' });
  expect((await read(pool, tableOf([later]), 1)).rows).toHaveLength(1);
});

test('the deadline holds whatever the work waits for', async () => {
  await using pool = createWorkerPool({ size: 1 });
  await read(pool, tableOf([later]), 1);
  await expect(pool.use(() => new Promise<never>(() => {}), { deadlineMs: 20 })).rejects.toMatchObject({
    code: 'query_timeout',
  });
  expect((await read(pool, tableOf([later]), 1)).rows).toHaveLength(1);
});

test('a request whose caller went away ends, and gives its place to the next', async () => {
  await using pool = createWorkerPool({ size: 1 });
  await read(pool, tableOf([later]), 1);
  const gone = new AbortController();
  const left = slow(pool, { signal: gone.signal });
  const next = read(pool, tableOf([later]), 1);
  setTimeout(() => gone.abort(), 20);
  await expect(left).rejects.toMatchObject({ code: 'query_failed' });
  expect((await next).rows).toHaveLength(1);
});

test('an answer that is too large is refused, not sent', async () => {
  await using pool = createWorkerPool();
  await expect(read(pool, tableOf([many], COLUMNS.many), 1000, {}, json(1000, 1000))).rejects.toMatchObject({
    code: 'result_too_large',
    hint: expect.stringContaining('csv'),
  });
});

test('a full queue refuses with a time to come back', async () => {
  await using pool = createWorkerPool({ size: 1, queueLimit: 1 });
  const all = Array.from({ length: 3 }, () => read(pool, tableOf([later]), 1));
  const refused = await Promise.allSettled(all);
  const reasons = refused.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  expect(reasons.length).toBeGreaterThan(0);
  for (const reason of reasons) {
    expect(reason).toMatchObject({ code: 'too_many_requests', details: { retry_after_seconds: 5 } });
  }
});

test('closing refuses what waits, what runs and what comes', async () => {
  const pool = createWorkerPool({ size: 1 });
  const settled = Promise.allSettled([slow(pool), read(pool, tableOf([later]), 1)]);
  await pool.close();
  for (const result of await settled) {
    expect(result).toMatchObject({
      status: 'rejected',
      reason: { code: expect.stringMatching(/^(unavailable|query_failed)$/) },
    });
  }
  await expect(read(pool, tableOf([later]), 1)).rejects.toMatchObject({ code: 'unavailable' });
  await pool.close();
});

test('a file that is gone or torn is an error of its request', async () => {
  await using pool = createWorkerPool({ size: 1 });
  await expect(read(pool, tableOf([join(folder, 'gone.parquet')]), 1)).rejects.toMatchObject({ code: 'blob_corrupt' });
  const torn = join(folder, 'torn.parquet');
  await writeFile(torn, '');
  await truncate(torn, 100);
  await expect(read(pool, tableOf([torn]), 1)).rejects.toMatchObject({ code: 'blob_corrupt' });
  expect((await read(pool, tableOf([later]), 1)).rows).toHaveLength(1);
});
