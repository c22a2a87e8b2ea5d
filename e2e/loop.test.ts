import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readExtract } from '@agnes/extract-contract';
import { writeCsv, writeParquet } from '@agnes/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Installation, inFiles, initialise, json, query, startInstallation } from './installation.ts';

let all: Installation;

beforeAll(async () => {
  all = await startInstallation();
  await writeCsv(inFiles(all, 'orders.csv'), 2_000, {
    id: (row) => row,
    city: (_, random) => random.pick(['Brno', 'Oslo', 'Lyon']),
    amount: (_, random) => random.integer(1, 500) / 10,
  });
  await writeParquet(inFiles(all, 'events.parquet'), 300_000, {
    id: 'i',
    kind: "'kind ' || (i % 7)",
    happened: "TIMESTAMP '2026-01-01' + INTERVAL (i) SECOND",
  });
  await writeFile(inFiles(all, 'people.json'), JSON.stringify([{ name: 'Ana', salary: 1 }]));
  await all.publish({ orders: 'orders.csv', events: 'events.parquet', people: 'people.json' }, ['orders', 'events']);
  await initialise(all);
});

afterAll(() => all?.[Symbol.asyncDispose]());

interface Pulled {
  readonly tables_total: number;
  readonly updated: readonly string[];
  readonly removed: readonly { readonly table: string }[];
  readonly files: number;
}

const pull = (): Promise<Pulled> => json(all.analyst, ['pull']);

async function tables(): Promise<string[]> {
  const status = await json<{ tables: { name: string }[] }>(all.analyst, ['status']);
  return status.tables.map(({ name }) => name).sort();
}

describe('the loop', () => {
  it('brings what is granted to the laptop, and nothing else', async () => {
    expect(await tables()).toEqual(['events', 'orders']);
    expect(await query(all.analyst, 'SELECT count(*) AS n, count(DISTINCT city) AS cities FROM orders')).toEqual([
      { n: 2_000, cities: 3 },
    ]);
    expect(await query(all.analyst, 'SELECT count(*) AS n, max(happened) AS last FROM events')).toEqual([
      { n: 300_000, last: '2026-01-04T11:19:59' },
    ]);
    const { code } = await all.analyst.agnes(['query', 'SELECT * FROM people']);
    expect(code).toBe(8);
    const catalog = await json<{ tables: { name: string }[] }>(all.analyst, ['catalog']);
    expect(catalog.tables.map(({ name }) => name).sort()).toEqual(['events', 'orders']);
  });

  it('asks once and fetches nothing when nothing is new', async () => {
    const before = all.network.requests.length;
    expect(await pull()).toMatchObject({ files: 0, updated: [], removed: [] });
    const paths = all.network.requests.slice(before).map(({ path }) => path);
    expect(paths).toEqual(['/api/sync/manifest']);
  });

  it('fetches only the table that changed', async () => {
    await appendFile(inFiles(all, 'orders.csv'), '2000,Oslo,1.5\n');
    await json(all.admin, ['admin', 'sync', 'orders']);
    expect(await pull()).toMatchObject({ updated: ['orders'], removed: [] });
    expect(await query(all.analyst, 'SELECT max(id) AS last FROM orders')).toEqual([{ last: 2_000 }]);
  });

  it('takes a revoked table off the laptop at the next pull, says so, and gives it back with the grant', async () => {
    const grants = await json<{ id: string; resource_name?: string; resource_id: string }[]>(all.admin, [
      'admin',
      'grant',
      'list',
    ]);
    const grant = grants.find((one) => [one.resource_name, one.resource_id].includes('orders'));
    await json(all.admin, ['admin', 'grant', 'delete', grant?.id ?? '']);
    expect((await pull()).removed.map(({ table }) => table)).toEqual(['orders']);
    expect(await tables()).toEqual(['events']);
    expect((await all.analyst.agnes(['query', 'SELECT * FROM orders'])).code).toBe(8);
    await json(all.admin, ['admin', 'grant', 'create', 'analysts', 'table', 'orders']);
    expect((await pull()).updated).toEqual(['orders']);
  });

  it('keeps the last good version when a source breaks, and the job says what to do', async () => {
    await writeFile(inFiles(all, 'events.parquet'), 'this is no parquet file');
    const { code, stderr } = await all.admin.agnes(['admin', 'sync', 'events']);
    expect(code).not.toBe(0);
    expect(stderr).toContain('events.parquet');
    expect(await pull()).toMatchObject({ updated: [], removed: [] });
    expect(await query(all.analyst, 'SELECT count(*) AS n FROM events')).toEqual([{ n: 300_000 }]);
    await writeParquet(inFiles(all, 'events.parquet'), 300_001, {
      id: 'i',
      kind: "'kind ' || (i % 7)",
      happened: "TIMESTAMP '2026-01-01' + INTERVAL (i) SECOND",
    });
    await json(all.admin, ['admin', 'sync', 'events']);
    expect((await pull()).updated).toEqual(['events']);
  });

  it('an unregistered table leaves readers at once, the laptop at its next pull, the extract with the next sync', async () => {
    await writeFile(inFiles(all, 'gone.csv'), 'id\n1\n');
    await all.publish({ gone: 'gone.csv' }, ['gone']);
    expect((await pull()).updated).toEqual(['gone']);
    await json(all.admin, ['admin', 'unregister-table', 'gone', '--yes']);
    expect((await pull()).removed.map(({ table }) => table)).toEqual(['gone']);
    await json(all.admin, ['admin', 'sync']);
    const extract = await readExtract(join(all.server.dataDir, 'extracts', 'local'));
    expect(extract.tables.map((table) => table.table_name).sort()).toEqual(['events', 'orders', 'people']);
    expect(await tables()).toEqual(['events', 'orders']);
  });

  it('survives a killed server: what was published stays, and the same workspace pulls on', async () => {
    await all.server.kill('SIGKILL');
    const down = await all.analyst.agnes(['pull']);
    expect(down.code).not.toBe(0);
    expect(down.stdout).toBe('');
    expect(await query(all.analyst, 'SELECT count(*) AS n FROM events')).toEqual([{ n: 300_001 }]);
    await all.server.restart();
    expect(await pull()).toMatchObject({ removed: [] });
    expect(await tables()).toEqual(['events', 'orders']);
  });
});

describe('a pull over a bad network', () => {
  // The CLI's own suite has every fault, against a server of the tests.
  const faults = [
    { kind: 'cut', afterBytes: 10_000 },
    { kind: 'corrupt', at: 5_000 },
  ] as const;

  it.each(faults)('that always ends in $kind fails, leaves the old tables, and says so', async (fault) => {
    await writeParquet(inFiles(all, 'events.parquet'), 200_000, {
      id: `i + ${faults.indexOf(fault)}`,
      kind: "'x'",
      happened: "TIMESTAMP '2026-01-01'",
    });
    const [before] = await query(all.analyst, 'SELECT count(*) AS n, min(id) AS least FROM events');
    await json(all.admin, ['admin', 'sync', 'events']);
    all.network.setFault(({ path }) => (path.startsWith('/api/blobs/') ? fault : undefined));
    const { code, stderr } = await all.analyst.agnes(['pull']);
    all.network.setFault(undefined);
    expect(code).not.toBe(0);
    expect(stderr).toContain('events');
    expect(await query(all.analyst, 'SELECT count(*) AS n, min(id) AS least FROM events')).toEqual([before]);
    expect((await pull()).updated).toEqual(['events']);
    expect(await query(all.analyst, 'SELECT count(*) AS n, min(id) AS least FROM events')).toEqual([
      { n: 200_000, least: faults.indexOf(fault) },
    ]);
  });

  it('that is killed half-way leaves the old tables, and the next one goes on', async () => {
    await writeParquet(inFiles(all, 'events.parquet'), 250_000, {
      id: 'i',
      kind: "'y'",
      happened: "TIMESTAMP '2026-01-01'",
    });
    await json(all.admin, ['admin', 'sync', 'events']);
    all.network.setFault(({ path }) =>
      path.startsWith('/api/blobs/') ? { kind: 'stall', afterBytes: 20_000 } : undefined,
    );
    const before = all.network.requests.length;
    await using running = await all.analyst.start(['pull']);
    await expect
      .poll(() => all.network.requests.slice(before).some(({ path }) => path.startsWith('/api/blobs/')), {
        timeout: 20_000,
      })
      .toBe(true);
    await running.kill('SIGKILL');
    all.network.setFault(undefined);
    expect(await query(all.analyst, 'SELECT count(*) AS n FROM events')).toEqual([{ n: 200_000 }]);
    expect((await pull()).updated).toEqual(['events']);
    expect(await query(all.analyst, 'SELECT count(*) AS n FROM events')).toEqual([{ n: 250_000 }]);
  });
});
