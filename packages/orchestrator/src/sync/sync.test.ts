import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '@agnes/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ConnectorProcess } from '../connector/connector-process.ts';
import { type TestServer, testServer } from '../testing/server.test-setup.ts';
import { writeExtract } from '../testing/sources.test-setup.ts';

const SECRET = 'tok-5up3r/s3cret+value';
let behaviour = 'good';
let value = 'first';
let server: TestServer;

const connector = (source: string, more: Partial<ConnectorProcess> = {}): ConnectorProcess => ({
  sourceType: source,
  source,
  entry: join(import.meta.dirname, '..', 'testing', 'connector.test-setup.ts'),
  environment: ['TEST_CONNECTOR_TOKEN'],
  config: () => ({ behaviour: source === 'steady' ? 'good' : behaviour, value }),
  ...more,
});

const start = (): Promise<TestServer> =>
  testServer({
    connectors: [connector('postgres', { silenceSeconds: 60 }), connector('steady')],
    limits: { extractorTimeoutMs: 60_000, graceMs: 300 },
  });

beforeAll(async () => {
  process.env.TEST_CONNECTOR_TOKEN = SECRET;
  process.env.SOME_OTHER_SECRET = 'not-for-connectors';
  server = await start();
});
beforeEach(() => {
  behaviour = 'good';
  value = 'first';
});
/** Each test starts with an empty registry and without extracts. */
afterEach(async () => {
  for (const { id } of await server.catalog.list()) await server.catalog.unregister(id, 'user_root');
  await rm(join(server.dataDir, 'extracts'), { recursive: true, force: true });
  server.clock.ahead = 0;
});
afterAll(() => server[Symbol.asyncDispose]());

function register(
  name: string,
  { server: on = server, ...more }: { source_type?: string; sync_schedule?: string; server?: TestServer } = {},
) {
  return on.catalog.register({ name, source_type: 'postgres', source_table: name, ...more }, 'user_root');
}

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

test('a table at which the connector dies is left out of the run, and the others are published', async () => {
  for (const name of ['a_orders', 'b_orders', 'c_orders']) await register(name);
  await server.sync();
  behaviour = 'dies at a table';
  value = 'b_orders';
  const job = await server.sync();
  expect(job.outcome?.failed).toMatchObject([{ item: 'b_orders', code: 'connector_failed' }]);
  expect(job.outcome?.failed[0]?.message).toMatch(/While table b_orders \(b_orders\) was read: .*SIGSEGV/);
  expect(job.outcome?.failed[0]?.hint).toMatch(/nested/);
  expect(await server.rows('b_orders')).toStrictEqual([{ value: 'first' }]);
  for (const name of ['a_orders', 'c_orders']) expect(await server.rows(name)).toStrictEqual([{ value: 'b_orders' }]);
});

test('a state file that is none is no reason to fail: the connector starts anew, and the log says so', async () => {
  await register('orders');
  await mkdir(join(server.dataDir, 'extracts', 'postgres', 'connector-state.json', 'x'), { recursive: true });
  const job = await server.sync();
  expect(job.status).toBe('succeeded');
  const lines = (await server.jobs.log(job.id)).map(({ message }) => message);
  expect(lines).toContain('postgres: state was null');
  expect(lines.filter((line) => line.includes('The state of the connector could not be'))).toHaveLength(2);
});

describe('a connector that misbehaves leaves the last good version and says what happened', () => {
  let shared: TestServer;
  beforeAll(async () => {
    shared = await start();
    for (const name of ['a_orders', 'b_orders']) await register(name, { server: shared });
    await register('steady_one', { source_type: 'steady', server: shared });
    await shared.sync();
  });
  afterAll(() => shared[Symbol.asyncDispose]());

  test.each([
    ['dies mid-way', 'connector_failed', /exit code 7.*the warehouse hung up/, ['b_orders']],
    ['is killed', 'connector_failed', /ended by SIGKILL/, ['a_orders', 'b_orders']],
    ['writes rubbish', 'connector_protocol', /Loading data/, ['a_orders', 'b_orders']],
    ['writes an unknown message', 'connector_protocol', /celebrate/, ['a_orders', 'b_orders']],
    ['writes a huge line', 'connector_protocol', /longer than/, ['a_orders', 'b_orders']],
    ['leaves half an extract', 'connector_failed', /SIGKILL/, ['a_orders', 'b_orders']],
    ['fails one', 'source_file_not_found', /No file matches/, ['a_orders']],
    ['forgets a table', 'connector_failed', /said nothing of this table/, ['a_orders']],
    ['writes a broken extract', 'extract_unreadable', /cannot be read/, ['a_orders', 'b_orders']],
  ])('%s', async (how, code, message, failing) => {
    const before = { a_orders: await shared.rows('a_orders'), b_orders: await shared.rows('b_orders') };
    behaviour = how;
    value = how;
    const job = await shared.sync();
    expect(job.status).toBe('partial');
    expect(job.outcome?.failed.map(({ item }) => item).sort()).toStrictEqual(failing);
    for (const failure of job.outcome?.failed ?? []) {
      expect(failure.code).toBe(code);
      expect(failure.message).toMatch(message);
      expect(failure.hint).toBeTruthy();
    }
    for (const name of ['a_orders', 'b_orders'] as const) {
      const failed = failing.includes(name);
      expect(await shared.rows(name)).toStrictEqual(failed ? before[name] : [{ value: how }]);
      expect((await shared.table(name))?.last_sync_status).toBe(failed ? 'error' : 'ok');
    }
    // The other source was not stopped by it.
    expect(await shared.rows('steady_one')).toStrictEqual([{ value: how }]);
    expect(await readdir(join(shared.dataDir, 'tmp'))).toStrictEqual([]);
  });

  test('and all is well again when it behaves', async () => {
    // The last one above broke the extract itself; its hint says what to do.
    await rm(join(shared.dataDir, 'extracts', 'postgres', 'extract.duckdb'));
    expect((await shared.sync()).status).toBe('succeeded');
    expect(await shared.rows('a_orders')).toStrictEqual([{ value: 'first' }]);
    expect(await shared.table('a_orders')).toMatchObject({ last_sync_status: 'ok', last_sync_error: null });
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
    await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
  });

  test('one that needs more memory than it may have is ended, and told what to raise', async () => {
    await using small = await testServer({ connectors: [connector('postgres')], limits: { connectorMemoryMb: 900 } });
    await small.catalog.register({ name: 'orders', source_type: 'postgres', source_table: 'orders' }, 'user_root');
    behaviour = 'eats memory';
    const job = await small.sync();
    expect(job).toMatchObject({ status: 'failed', error: { code: 'connector_failed' } });
    expect(job.error?.message).toContain('more than the 900 MB of memory that it may have');
    expect(JSON.stringify(job)).toContain('AGNES_CONNECTOR_MEMORY_MB');
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

  test('a table that is taken out while its sync runs is skipped with that reason, and comes back when it is registered again', async () => {
    const [{ id }] = [await register('orders'), await register('kept')];
    const job = await server.jobs.enqueue({ kind: 'sync', lane: 'sync', payload: { tables: null } });
    // The connector has begun, and was asked for both.
    const folder = join(server.dataDir, 'tmp');
    await expect.poll(async () => (await readdir(folder)).length, { timeout: 20_000, interval: 5 }).toBeGreaterThan(0);
    await server.catalog.unregister(id, 'user_root');
    await expect.poll(() => server.orchestrator.syncLocked(), { timeout: 20_000 }).toBe(false);
    expect(await server.jobs.get(job.id)).toMatchObject({
      status: 'succeeded',
      outcome: {
        attempted: 1,
        changed: 1,
        failed: [],
        skipped: [{ item: 'orders', reason: expect.stringMatching(/taken out/) }],
      },
    });
    expect(await server.table('orders')).toBeUndefined();
    const again = await register('orders');
    expect((await server.sync({ tables: [again.id] })).outcome).toMatchObject({ attempted: 1, failed: [] });
    expect(await server.rows('orders')).toStrictEqual([{ value: 'first' }]);
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
