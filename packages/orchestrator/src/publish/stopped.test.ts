import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '@agnes/duckdb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dataFolder, parquetView, publish, writeExtract, writeParquet } from '../testing/sources.test-setup.ts';
import { watchSize } from './watch-size.ts';

// A table that takes what belongs to all: time, memory, disk.

let data: Awaited<ReturnType<typeof dataFolder>>;
beforeEach(async () => {
  data = await dataFolder();
});
afterEach(() => data[Symbol.asyncDispose]());

async function publishWith(select: string, options: Parameters<typeof publish>[3]) {
  await writeExtract(
    data.path,
    'shop',
    ['before', 'bad', 'after', 'nobody'],
    async (connection: Connection, folder) => {
      await writeParquet(connection, join(folder, 'data', 'x.parquet'), 'SELECT 1 AS id');
      await parquetView(connection, 'before', `'${folder}/data/x.parquet'`);
      await connection.run(`CREATE VIEW bad AS ${select}`);
      await connection.run('CREATE TABLE after AS SELECT 2 AS id');
    },
  );
  // What is published is recognised only when it is older than this.
  await sleep(200);
  const content = await publish(data.path, 'shop', {}, options);
  expect(content.complete).toBe(true);
  expect(content.tables.map(({ name }) => name)).toStrictEqual(['before', 'after']);
  expect(content.files.map(({ path }) => path)).toStrictEqual(['data/x.parquet', 'extract.duckdb#after#0']);
  expect(content.failed.map(({ name }) => name).sort()).toStrictEqual(['bad', 'nobody']);
  expect(await publish(data.path, 'shop', { files: content.files }, options)).toMatchObject({ complete: true });
  return content.failed.find(({ name }) => name === 'bad');
}

test('a table that computes for ever is refused, and the others of its source are published', async () => {
  const endless = 'SELECT a.range AS x FROM range(100000000) a, range(100000000) b WHERE hash(a.range, b.range) = 1';
  expect(await publishWith(endless, { tableDeadlineMs: 2500 })).toMatchObject({
    code: 'publish_failed',
    message: 'bad was not read within 2.5 s and was stopped.',
    hint: expect.stringContaining('AGNES_PUBLISH_TABLE_TIMEOUT_SEC'),
  });
});

test('a table that needs more memory than there is is refused, and the others of its source are published', async () => {
  const big = "SELECT length(repeat('a', 2000000000 + range::INTEGER)) AS x FROM range(2)";
  expect(await publishWith(big, { dataBytes: 1_200_000_000 })).toMatchObject({
    code: 'publish_failed',
    message: expect.stringContaining('memory'),
    hint: expect.stringMatching(/AGNES_PUBLISH_MEMORY_MB|limits of publishing/),
  });
});

test('an output that cannot be measured counts as too much', async () => {
  const limits = { outputBytes: 1e9, keepFreeBytes: 0 };
  const folder = join(data.path, 'out');
  const watch = watchSize(folder, limits);
  await expect.poll(() => watch.signal.aborted, { timeout: 20_000 }).toBe(true);
  expect(String(watch.signal.reason)).toContain('cannot be measured');
  watch.stop();

  await mkdir(folder);
  const well = watchSize(folder, limits);
  await sleep(1200);
  expect(well.signal.aborted).toBe(false);
  well.stop();
});
