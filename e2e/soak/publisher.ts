import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@agnes/api-client';
import { type Connection, copyToParquet } from '@agnes/duckdb';
import { note, noteError } from './tally.ts';
import type { World } from './world.ts';

const FILES = 4;
const ROWS_A_FILE = 20_000;
const GRANT_EVERY = 5;
const POLL_MS = 100;

/** Writes a live table's files, whole, as of one publish. */
export async function writeLive(connection: Connection, root: string, name: string, mark: number): Promise<void> {
  const folder = join(root, name);
  await mkdir(folder, { recursive: true });
  for (let file = 0; file < FILES; file += 1) {
    const path = join(folder, `${file}.parquet`);
    const rows = `SELECT i + ${file * ROWS_A_FILE} AS id, ${mark} AS mark, md5(concat('${name}', i, '-', ${mark})) AS text
      FROM range(${ROWS_A_FILE + (mark % 7)}) AS numbers(i) ORDER BY i`;
    await copyToParquet(connection, rows, `${path}.new`);
    await rename(`${path}.new`, path);
  }
}

/** Syncs tables and waits until that is done. Throws when it did not succeed. */
export async function sync(admin: Client, tables: readonly string[], signal?: AbortSignal): Promise<void> {
  const { job_id: id } = await admin.triggerSync({ body: { tables: [...tables] } });
  for (;;) {
    const job = await admin.getJob({ params: { id } });
    if (job.status === 'succeeded') return;
    if (job.status !== 'queued' && job.status !== 'running') {
      throw Object.assign(new Error(`Job ${id} ended as ${job.status}: ${JSON.stringify(job.outcome)}`), {
        code: 'job',
      });
    }
    await sleep(POLL_MS);
    signal?.throwIfAborted();
  }
}

/** Publishes one live table after another, and grants and takes back in between, until the end. */
export async function runPublisher(options: {
  readonly admin: Client;
  readonly connection: Connection;
  readonly files: string;
  readonly group: string;
  readonly everyMs: number;
  readonly world: World;
}): Promise<void> {
  const { admin, connection, files, world, everyMs } = options;
  const { tally, signal, live, onAndOff } = world;
  for (let turn = 0; !signal.aborted; turn += 1) {
    const table = live[turn % live.length];
    if (table === undefined) throw new Error('There is no live table.');
    const began = performance.now();
    try {
      await writeLive(connection, files, table.name, table.published + 1);
      await sync(admin, [table.name], signal);
      table.published += 1;
      tally.publishes += 1;
      if (turn % GRANT_EVERY === 0) await turnGrant();
    } catch (error) {
      if (!signal.aborted) noteError(tally, 'publisher', error);
    }
    await sleep(Math.max(0, began + everyMs - performance.now()), undefined, { signal }).catch(() => undefined);
  }

  async function turnGrant(): Promise<void> {
    onAndOff.changes += 1;
    if (onAndOff.granted) {
      const grants = await admin.listGrants({ query: { group_id: options.group } });
      const grant = grants.find((one) => one.resource_name === onAndOff.name);
      if (grant === undefined) return note(tally, `publisher: the grant of ${onAndOff.name} is not listed`);
      await admin.deleteGrant({ params: { id: grant.id } });
    } else {
      await admin.createGrant({
        body: { group_id: options.group, resource_type: 'table', resource_id: onAndOff.name },
      });
    }
    onAndOff.granted = !onAndOff.granted;
    onAndOff.changes += 1;
    tally.grantsChanged += 1;
  }
}
