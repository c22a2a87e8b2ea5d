import { mkdtemp, realpath, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BlobStore, openFilesystemBlobs } from '@agnes/blobs';
import { copyToParquet, openDatabase } from '@agnes/duckdb';
import { isAgnesError } from '@agnes/errors';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createWorkerPool, sampleTable, type Work } from './index.ts';

let folder: string;
let blobs: BlobStore;
let numbers: string;
let later: string;
let many: string;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'agnes-pool-')));
  numbers = join(folder, 'numbers.parquet');
  later = join(folder, 'later.parquet');
  many = join(folder, 'many.parquet');
  blobs = await openFilesystemBlobs(join(folder, 'blobs'));
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  await copyToParquet(
    connection,
    `SELECT i::INTEGER AS i, 'row ' || i AS label, CASE i WHEN 0 THEN 'NaN'::DOUBLE ELSE i / 2 END AS half,
            9007199254740993::BIGINT AS large, TIMESTAMPTZ '2026-01-02 03:04:05+02' AS moment, [i, i + 1] AS pair,
            {'a': i} AS nested, 1.10::DECIMAL(10, 2) AS price, encode('žluťoučký') AS bytes, DATE '2024-02-29' AS day,
            MAP {'k': i} AS map, uuid() AS id
     FROM range(3) t(i)`,
    numbers,
  );
  await copyToParquet(connection, 'SELECT i::BIGINT + 5000000000 AS i, i > 3 AS flag FROM range(3, 6) t(i)', later);
  await copyToParquet(connection, 'SELECT i, md5(i::VARCHAR) AS text FROM range(400000) t(i)', many);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const sample = (files: string[], n: number): Work => ({ kind: 'sample', files, n });

async function versionOf(...files: string[]): Promise<Parameters<typeof sampleTable>[1]> {
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  const parts = [];
  for (const file of files) {
    const rows = await connection.first<{ n: number }>(`SELECT count(*) AS n FROM '${file}'`);
    parts.push({ ...(await blobs.putFile(file)), rows: rows?.n ?? 0, partition: null, writer: 'source' });
  }
  const list = files.map((file) => `'${file}'`).join(', ');
  const columns = await connection.columns(`SELECT * FROM read_parquet([${list}], union_by_name = true)`);
  return { parts, columns: columns.map((column) => ({ ...column, nullable: true })) };
}

test('rows of all types in their order, as JSON, also of columns that only later parts have', async () => {
  await using pool = createWorkerPool();
  const version = await versionOf(numbers, later);
  const whole = await sampleTable(pool, version, blobs, 100);
  expect(whole.map((row) => row.i)).toStrictEqual([0, 1, 2, 5000000003, 5000000004, 5000000005]);
  expect(whole[0]).toMatchObject({
    half: null,
    large: '9007199254740993',
    moment: '2026-01-02T01:04:05Z',
    pair: [0, 1],
    nested: { a: 0 },
    price: '1.10',
    day: '2024-02-29',
    bytes: Buffer.from('žluťoučký').toString('base64'),
    map: [{ key: 'k', value: 0 }],
    flag: null,
  });
  expect(whole[3]).toMatchObject({ label: null, flag: false });
  // The same columns in the same order, although the first part alone answers.
  const first = await sampleTable(pool, version, blobs, 2);
  expect(first).toStrictEqual(whole.slice(0, 2));
  expect(Object.keys(first[0] ?? {})).toStrictEqual(version.columns.map(({ name }) => name));
  expect(await sampleTable(pool, { parts: [], columns: [] }, blobs, 5)).toStrictEqual([]);
});

test('a worker opens the files of the request and nothing else, and says nothing of where they lie', async () => {
  await using pool = createWorkerPool();
  const rubbish = join(folder, 'rubbish.parquet');
  await writeFile(rubbish, 'not parquet at all');
  const error = await pool.run(sample([rubbish], 1)).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'query_failed' });
  expect(isAgnesError(error) && error.message).not.toContain(folder);
  // The type of a column is SQL of ours; even if it were not, there is nothing to be read with it.
  const type = `VARCHAR) AS a, (SELECT content FROM read_text('${numbers}') LIMIT 1) AS b, CAST(1 AS INTEGER`;
  const smuggled: Work = { kind: 'sample', files: [later], n: 1, columns: [{ name: 'x', type }] };
  await expect(pool.run(smuggled)).rejects.toMatchObject({ code: 'query_failed' });
  expect((await pool.run(sample([later], 100))).rows).toHaveLength(3);
});

test('20 at once are answered by two workers', async () => {
  await using pool = createWorkerPool({ size: 2 });
  const answers = await Promise.all(Array.from({ length: 20 }, () => pool.run(sample([later], 3))));
  for (const { rows } of answers) expect(rows).toHaveLength(3);
  expect(pool.status().workers).toBeLessThanOrEqual(2);
});

test('a worker is replaced after so much work', async () => {
  await using pool = createWorkerPool({ size: 1, requestsPerWorker: 1 });
  for (let count = 0; count < 4; count += 1) expect((await pool.run(sample([later], 1))).rows).toHaveLength(1);
});

test('at the deadline the worker is killed, the caller is told, and the next request is answered', async () => {
  await using pool = createWorkerPool({ size: 1 });
  await pool.run(sample([later], 1));
  await expect(pool.run(sample([many], 400_000), { deadlineMs: 20 })).rejects.toMatchObject({ code: 'query_timeout' });
  expect((await pool.run(sample([later], 1))).rows).toHaveLength(1);
});

test('a request whose caller went away ends, and gives its place to the next', async () => {
  await using pool = createWorkerPool({ size: 1 });
  await pool.run(sample([later], 1));
  const gone = new AbortController();
  const slow = pool.run(sample([many], 400_000), { signal: gone.signal });
  const next = pool.run(sample([later], 1));
  setTimeout(() => gone.abort(), 20);
  await expect(slow).rejects.toMatchObject({ code: 'query_failed' });
  expect((await next).rows).toHaveLength(1);
});

test('an answer that is too large is refused, not sent', async () => {
  await using pool = createWorkerPool({ answerBytes: 1000 });
  await expect(pool.run(sample([many], 1000))).rejects.toMatchObject({
    code: 'query_failed',
    hint: expect.stringContaining('fewer rows'),
  });
});

test('a full queue refuses with a time to come back', async () => {
  await using pool = createWorkerPool({ size: 1, queueLimit: 1 });
  const [first, second] = [pool.run(sample([later], 1)), pool.run(sample([later], 1))];
  const refused = await Promise.allSettled([first, second, pool.run(sample([later], 1))]);
  const reasons = refused.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  expect(reasons.length).toBeGreaterThan(0);
  for (const reason of reasons) {
    expect(reason).toMatchObject({ code: 'too_many_requests', details: { retry_after_seconds: 5 } });
  }
});

test('closing refuses what waits, what runs and what comes', async () => {
  const pool = createWorkerPool({ size: 1 });
  const all = [pool.run(sample([many], 400_000)), pool.run(sample([later], 1))];
  const settled = Promise.allSettled(all);
  await pool.close();
  for (const result of await settled) {
    expect(result).toMatchObject({
      status: 'rejected',
      reason: { code: expect.stringMatching(/^(unavailable|query_failed)$/) },
    });
  }
  await expect(pool.run(sample([later], 1))).rejects.toMatchObject({ code: 'unavailable' });
  await pool.close();
});

test.runIf(process.platform === 'linux')('a worker that is killed costs its own request and no other', async () => {
  await using pool = createWorkerPool({ size: 1, memoryLimit: '64MB', answerBytes: 1e12 });
  const wide: Work = {
    kind: 'sample',
    files: [many],
    n: 400_000,
    columns: Array.from({ length: 60 }, (_, index) => ({ name: index % 2 === 0 ? 'text' : 'i', type: 'VARCHAR' })),
  };
  await expect(pool.run(wide, { deadlineMs: 50_000 })).rejects.toMatchObject({ code: 'query_failed' });
  expect((await pool.run(sample([later], 1))).rows).toHaveLength(1);
});

test('a file that is gone or torn is an error of its request', async () => {
  await using pool = createWorkerPool({ size: 1 });
  await expect(pool.run(sample([join(folder, 'gone.parquet')], 1))).rejects.toMatchObject({ code: 'query_failed' });
  const torn = join(folder, 'torn.parquet');
  await writeFile(torn, '');
  await truncate(torn, 100);
  await expect(pool.run(sample([torn], 1))).rejects.toMatchObject({ code: 'query_failed' });
  expect((await pool.run(sample([later], 1))).rows).toHaveLength(1);
});
