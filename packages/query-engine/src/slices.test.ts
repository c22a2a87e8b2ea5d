import { existsSync } from 'node:fs';
import { mkdtemp, realpath, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { copyToParquet, openDatabase } from '@agnes/duckdb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WorkerTable } from './protocol.ts';
import { openSlices, type Slices } from './slices.ts';
import { createWorkerPool, type WorkerPool } from './worker-pool.ts';

let folder: string;
let pool: WorkerPool;
let table: WorkerTable;
const policy = {
  id: 'pc_1',
  branches: [{ policy_id: 'policy_1', group_id: 'group_1', row_filter: 'id < 100', column_masks: {} }],
  caller: { user_id: 'user_ann', email: 'ann@example.com', groups: [] },
};

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'agnes-slices-')));
  const file = join(folder, 'table.parquet');
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  await copyToParquet(connection, 'SELECT i AS id, uuid()::VARCHAR AS text FROM range(200) t(i)', file);
  const columns = await connection.columns(`SELECT * FROM read_parquet('${file}')`);
  table = { name: 'orders', files: [file], columns: [...columns], uniform: true };
  pool = createWorkerPool({ size: 2, waitMs: 60_000 });
});
afterAll(async () => {
  await pool.close();
  await rm(folder, { recursive: true, force: true });
});

const open = (name: string, maxBytes: number): Promise<Slices> =>
  openSlices({ pool, folder: join(folder, name), maxBytes, deadlineMs: 60_000, onPolicyFailed: async () => {} });

test('a slice is there for whoever asked for it, however little room there is for all', async () => {
  const slices = await open('little', 10_000);
  // Those that are in use fill all the room there is; whoever asks for one of them looks for what can go.
  const used = await Promise.all([1, 2, 3, 4].map((number) => slices.get(`used_${number}`, table, policy)));
  let asked = 0;
  let gone = 0;
  let done = false;
  const ask = async (version: string): Promise<void> => {
    const slice = await slices.get(version, table, policy);
    asked += 1;
    if (!existsSync(slice.path)) gone += 1;
    slice.release();
  };
  const again = async (): Promise<void> => {
    while (!done) {
      await ask('used_1');
      await setImmediate();
    }
  };
  const looking = again();
  for (let version = 0; version < 40; version += 1)
    await Promise.all([ask(`version_${version}`), ask(`version_${version}`)]);
  done = true;
  await looking;
  for (const slice of used) slice.release();
  process.stdout.write(`slices without room: ${asked} asked for, gone before they were read: ${gone}\n`);
  expect(gone).toBe(0);
});

test('a slice whose file was taken away or torn from outside is made again', async () => {
  const slices = await open('torn', 1_000_000);
  const first = await slices.get('version_1', table, policy);
  first.release();
  await rm(first.path);
  const second = await slices.get('version_1', table, policy);
  expect(existsSync(second.path)).toBe(true);
  second.release();
  await truncate(second.path, 100);
  const third = await slices.get('version_1', table, policy);
  const rows = await pool.use(({ ask }) =>
    ask(
      { type: 'read', table: { ...table, files: [third.path] }, output: { kind: 'json', limit: 200, bytes: 1e6 } },
      'json',
    ),
  );
  expect(rows.rows).toBe(100);
});
