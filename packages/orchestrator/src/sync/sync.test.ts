import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ConnectorProcess } from '../connector/connector-process.ts';
import { type TestServer, testServer } from '../testing/server.ts';
import { writeExtract } from '../testing/sources.ts';

const SECRET = 'tok-5up3r/s3cret+value';
let behaviour = 'good';
let value = 'first';
let server: TestServer;

const connector = (source: string, more: Partial<ConnectorProcess> = {}): ConnectorProcess => ({
  sourceType: source,
  source,
  entry: join(import.meta.dirname, '..', 'testing', 'connector.ts'),
  environment: ['TEST_CONNECTOR_TOKEN'],
  config: () => ({ behaviour: source === 'steady' ? 'good' : behaviour, value }),
  ...more,
});

beforeEach(async () => {
  behaviour = 'good';
  value = 'first';
  process.env.TEST_CONNECTOR_TOKEN = SECRET;
  process.env.SOME_OTHER_SECRET = 'not-for-connectors';
  server = await testServer({
    connectors: [connector('postgres', { silenceSeconds: 60 }), connector('steady')],
    limits: { extractorTimeoutMs: 30_000, graceMs: 300 },
  });
});
afterEach(() => server[Symbol.asyncDispose]());

const register = (name: string, more: { source_type?: string; sync_schedule?: string } = {}) =>
  server.catalog.register({ name, source_type: 'postgres', source_table: name, ...more }, 'user_root');

test('what is registered is extracted and published, and the next run is told the state', async () => {
  const orders = await register('orders');
  const job = await server.sync();
  expect(job).toMatchObject({ status: 'succeeded', outcome: { attempted: 1, changed: 1, failed: [], skipped: [] } });
  expect(await server.rows('orders')).toStrictEqual([{ value: 'first' }]);
  expect(await server.table('orders')).toMatchObject({ id: orders.id, last_sync_status: 'ok' });

  value = 'second';
  const again = await server.sync({ tables: [orders.id] });
  expect(again).toMatchObject({ status: 'succeeded', outcome: { attempted: 1, changed: 1 } });
  const lines = await server.jobs.log(again.id);
  expect(lines.map(({ message }) => message)).toContain('postgres: state was {"value":"first"}');
  expect(await readdir(join(server.dataDir, 'tmp'))).toStrictEqual([]);
});

describe('a connector that misbehaves leaves the last good version and says what happened', () => {
  test.each([
    ['dies mid-way', 'connector_failed', /exit code 7.*the warehouse hung up/, 'partial'],
    ['is killed', 'connector_failed', /ended by SIGKILL/, 'failed'],
    ['writes rubbish', 'connector_protocol', /Loading data/, 'failed'],
    ['writes an unknown message', 'connector_protocol', /celebrate/, 'failed'],
    ['writes a huge line', 'connector_protocol', /longer than/, 'failed'],
    ['leaves half an extract', 'connector_failed', /SIGKILL/, 'failed'],
    ['writes a broken extract', 'extract_unreadable', /cannot be read/, 'failed'],
    ['fails one', 'source_file_not_found', /No file matches/, 'partial'],
    ['forgets a table', 'connector_failed', /said nothing of this table/, 'partial'],
  ])('%s', async (how, code, message, status) => {
    await register('a_orders');
    await register('b_orders');
    await register('steady_one', { source_type: 'steady' });
    await server.sync();
    const before = await server.table('b_orders');

    behaviour = how;
    value = 'second';
    const job = await server.sync();
    const failures = job.outcome?.failed ?? [];
    expect(failures.length).toBeGreaterThan(0);
    for (const failure of failures) {
      expect(failure.code).toBe(code);
      expect(failure.message).toMatch(message);
      expect(failure.hint).toBeTruthy();
    }
    // The other source was not stopped by it.
    expect(await server.rows('steady_one')).toStrictEqual([{ value: 'second' }]);
    expect(job.status).toBe('partial');
    const failed = failures.map(({ item }) => item);
    for (const name of ['a_orders', 'b_orders']) {
      const isOld = failed.includes(name) || failed.includes('postgres');
      expect(await server.rows(name)).toStrictEqual([{ value: isOld ? 'first' : 'second' }]);
      expect((await server.table(name))?.last_sync_status).toBe(isOld ? 'error' : 'ok');
    }
    if (status === 'failed') expect((await server.table('b_orders'))?.current_version).toBe(before?.current_version);
    expect(await readdir(join(server.dataDir, 'tmp'))).toStrictEqual([]);

    behaviour = 'good';
    if (code === 'extract_unreadable') {
      expect(failures[0]?.hint).toContain('Delete extracts/postgres/extract.duckdb');
      await rm(join(server.dataDir, 'extracts', 'postgres', 'extract.duckdb'));
    }
    expect((await server.sync()).status).toBe('succeeded');
    expect(await server.rows('a_orders')).toStrictEqual([{ value: 'second' }]);
  });

  test.each(['ends without done', 'goes on after done', 'lies about its exit'])(
    '%s: what it left complete is published, and the job warns',
    async (how) => {
      await register('orders');
      behaviour = how;
      const job = await server.sync();
      expect(job.outcome).toMatchObject({ changed: 1, failed: [] });
      expect(job.outcome?.warnings).toMatchObject([{ item: 'postgres', code: 'connector_protocol' }]);
      expect(await server.rows('orders')).toStrictEqual([{ value: 'first' }]);
    },
  );

  test('a grandchild that keeps its output open holds nothing up and does not outlive it', async () => {
    await register('orders');
    behaviour = 'leaves a grandchild';
    expect((await server.sync()).status).toBe('succeeded');
    const pid = Number(await readFile(join(server.dataDir, 'extracts', 'postgres', 'grandchild'), 'utf8'));
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  test.each([
    ['says nothing for too long', { silenceSeconds: 1.5 }, 30_000, /said nothing for 1.5 s/],
    ['does not finish in time', {}, 2000, /did not finish within 2 s.*I will not go/],
  ])('one that %s is stopped, even when it will not go', async (_what, more, extractorTimeoutMs, message) => {
    await using quick = await testServer({
      connectors: [connector('postgres', more)],
      limits: { graceMs: 300, extractorTimeoutMs },
    });
    await quick.catalog.register({ name: 'orders', source_type: 'postgres', source_table: 'orders' }, 'user_root');
    behaviour = 'hangs';
    const job = await quick.sync();
    expect(job).toMatchObject({ status: 'failed', error: { code: 'connector_timeout' } });
    expect(job.error?.message).toMatch(message);
  });
});

test('a connector gets the variables it declared and no others; its secrets reach no log, error or registry row', async () => {
  await register('orders');
  behaviour = 'shows its environment';
  await server.sync();
  const [row] = (await server.rows('orders')) ?? [];
  const names = String(row?.value).split(' ');
  expect(names).toContain('TEST_CONNECTOR_TOKEN');
  expect(names).not.toContain('SOME_OTHER_SECRET');
  expect(names).not.toContain('HOME');

  behaviour = 'tells secrets';
  const job = await server.sync();
  expect(job.status).toBe('failed');
  const everything = JSON.stringify([job, await server.jobs.log(job.id), await server.catalog.list()]);
  expect(everything).toContain('***');
  expect(everything).not.toContain(SECRET);
  expect(everything).not.toContain(Buffer.from(SECRET).toString('base64').replace(/=+$/, ''));
});

describe('which tables', () => {
  test('those that are due, with the reason for the others; named ones and forced ones always', async () => {
    const daily = await register('daily', { sync_schedule: 'every 6h' });
    await register('always');
    await server.sync();
    value = 'second';
    const due = await server.sync();
    expect(due.outcome).toMatchObject({ attempted: 1, changed: 1, skipped: [{ item: 'daily' }] });
    expect(due.outcome?.skipped[0]?.reason).toMatch(/^Not due before 2.*\(every 6h\)/);
    expect(await server.rows('daily')).toStrictEqual([{ value: 'first' }]);

    expect((await server.sync({ tables: [daily.id] })).outcome).toMatchObject({
      attempted: 1,
      changed: 1,
      skipped: [],
    });
    value = 'third';
    expect((await server.sync({ force: true })).outcome).toMatchObject({ attempted: 2, changed: 2, skipped: [] });
    value = 'fourth';
    server.clock.ahead = 7 * 3_600_000;
    expect((await server.sync()).outcome).toMatchObject({ attempted: 2, changed: 2, skipped: [] });
  });

  test('nothing to do is said, not shown as success of something', async () => {
    const job = await server.sync();
    expect(job.outcome).toMatchObject({ attempted: 0, changed: 0, skipped: [{ item: '*' }] });
  });

  test('a table that went away meanwhile is skipped with that reason', async () => {
    const { id } = await register('orders');
    await server.catalog.unregister(id, 'user_root');
    expect((await server.sync({ tables: [id] })).outcome).toMatchObject({ attempted: 0, skipped: [{ item: id }] });
  });

  test('folders that no connector fills are published by a sync of all', async () => {
    await writeExtract(server.dataDir, 'handmade', ['things'], async (connection) => {
      await connection.run('CREATE TABLE things AS SELECT 1 AS x');
    });
    await register('orders');
    const job = await server.sync();
    expect(job.outcome).toMatchObject({ attempted: 2, changed: 2, failed: [] });
    expect(await server.rows('things')).toStrictEqual([{ x: 1 }]);

    // A named table of such a folder is published again, and no connector runs.
    const things = await server.table('things');
    expect((await server.sync({ tables: [things?.id ?? ''] })).outcome).toMatchObject({
      attempted: 1,
      changed: 0,
      failed: [],
    });
  });

  test('a registered table that nobody writes is a failure', async () => {
    await register('wanted', { source_type: 'local' });
    const wanted = await server.table('wanted');
    const job = await server.sync({ tables: [wanted?.id ?? ''] });
    expect(job.outcome?.failed.map(({ item }) => item)).toContain('wanted');
  });
});

test('a cancelled sync ends its connector and leaves the last good version', async () => {
  await register('orders');
  await server.sync();
  behaviour = 'hangs';
  const { id } = await server.jobs.enqueue({ kind: 'sync', lane: 'sync', payload: { tables: null } });
  const folder = join(server.dataDir, 'tmp');
  await expect.poll(async () => (await readdir(folder)).length, { timeout: 20_000 }).toBeGreaterThan(0);
  await sleep(300);
  expect(await server.orchestrator.syncLocked()).toBe(true);
  await server.jobs.cancel(id);
  await expect.poll(async () => (await server.jobs.get(id)).status, { timeout: 20_000 }).toBe('cancelled');
  expect(await server.orchestrator.syncLocked()).toBe(false);
  expect(await readdir(folder)).toStrictEqual([]);
  expect(await server.rows('orders')).toStrictEqual([{ value: 'first' }]);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}
