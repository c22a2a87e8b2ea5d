import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Access, createAccess } from '@agnes/rbac';
import { openState, schema } from '@agnes/state';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Installation, inFiles, initialise, json, query, startInstallation } from './installation.ts';

let all: Installation;

beforeAll(async () => {
  all = await startInstallation({ AGNES_STATE_URL: '' });
  await writeFile(inFiles(all, 'orders.csv'), 'id,region\n1,EU\n2,US\n');
  await writeFile(inFiles(all, 'events.csv'), 'id\n1\n');
  await all.publish({ orders: 'orders.csv', events: 'events.csv' }, ['orders', 'events']);
  await initialise(all);
}, 180_000);
afterAll(() => all?.[Symbol.asyncDispose]());

interface Pulled {
  readonly removed: readonly { readonly table: string; readonly reason: string }[];
  readonly skipped: readonly { readonly table: string; readonly reason: string }[];
  readonly updated: readonly string[];
}
const pull = (): Promise<Pulled> => json(all.analyst, ['pull']);

/** Changes the state while the server is down: the SQL of a policy is not what this is about. */
async function whileStopped(change: (access: Access) => Promise<unknown>): Promise<void> {
  await all.server.stop();
  const state = await openState({ path: join(all.server.dataDir, 'state', 'system.duckdb') });
  const access = createAccess({ state });
  const tables = await state.db.select().from(schema.tableRegistry);
  access.registerResourceType({
    ...{ key: 'table', display_name: 'Table', description: '', id_format: '' },
    resolve: async (name) => tables.find((table) => table.name === name || table.id === name),
    listBlocks: async () => [],
    names: async () => new Map(),
  });
  access.setPolicyValidator(async () => {});
  await change(access);
  await state.close();
  await all.server.restart();
}

it('takes a table off the laptop when a policy is made for its owner, says why, and gives it back without one', async () => {
  expect(await query(all.analyst, 'SELECT count(*) AS n FROM orders')).toEqual([{ n: 2 }]);
  let id = '';
  await whileStopped(async (access) => {
    const rules = { row_filter: "region = 'EU'" };
    id = (await access.createPolicy({ table_id: 'orders', group_id: 'analysts', ...rules }, 'root')).id;
  });

  const limited = await pull();
  const reason = 'on the server only: a policy shows you a part of it (agnes query --remote)';
  expect(limited.removed).toEqual([{ table: 'orders', reason: `now ${reason}` }]);
  expect(limited.skipped).toEqual([{ table: 'orders', reason }]);
  expect((await all.analyst.agnes(['query', 'SELECT * FROM orders'])).code).toBe(8);
  expect(await query(all.analyst, 'SELECT count(*) AS n FROM events')).toEqual([{ n: 1 }]);
  expect(await filesInStore()).toHaveLength(1);
  const { stdout } = await all.analyst.agnes(['pull']);
  expect(stdout).toContain(reason);
  const catalog = await json<{ tables: { name: string; rows: number | null }[] }>(all.analyst, ['catalog']);
  expect(catalog.tables).toMatchObject([
    { name: 'events', rows: 1 },
    { name: 'orders', rows: null },
  ]);

  await whileStopped((access) => access.deletePolicy(id, 'root'));
  expect(await pull()).toMatchObject({ updated: ['orders'], removed: [], skipped: [] });
  expect(await query(all.analyst, 'SELECT count(*) AS n FROM orders')).toEqual([{ n: 2 }]);
}, 180_000);

async function filesInStore(): Promise<string[]> {
  const store = join(all.analyst.home, '.cache', 'agnes', 'store', 'sha256');
  return (await readdir(store, { recursive: true, withFileTypes: true })).flatMap((entry) =>
    entry.isFile() ? [entry.name] : [],
  );
}
