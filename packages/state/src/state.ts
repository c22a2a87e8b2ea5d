import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { PgTable } from 'drizzle-orm/pg-core';
import { checkCatalog } from './check-catalog.ts';
import type { StateDatabase } from './database.ts';
import { type DuckdbEngine, openDuckdbEngine } from './duckdb/engine.ts';
import { takeOwnerLock } from './duckdb/owner-lock.ts';
import { checkPresent, defaultSnapshotsDir, openFailed } from './duckdb/recovery.ts';
import { listSnapshots, pruneSnapshots, type Snapshot, writeSnapshot } from './duckdb/snapshots.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations/index.ts';
import type { Migration } from './migrations/migration.ts';
import * as schema from './schema.ts';
import { createWriteQueue } from './write-queue.ts';

export interface StateOptions {
  /** The database file, for example `<data>/state/system.duckdb`. Its folder is made when it is absent. */
  readonly path: string;
  /** Default: `snapshots` beside the file. */
  readonly snapshotsDir?: string;
  readonly now?: () => Date;
}

export interface State extends AsyncDisposable {
  readonly engine: 'duckdb' | 'postgres';
  /** For reads. They see what is committed, wait for no writer, and a statement that writes fails. */
  readonly db: StateDatabase;
  /**
   * Runs `work` in a transaction, after every write before it: no two run at a time. What it throws undoes it all. Read
   * through `tx` what you are about to change. Do no slow work inside: everybody else's writes wait.
   */
  write<T>(work: (tx: StateDatabase) => Promise<T>): Promise<T>;
  checkpoint(): Promise<void>;
  snapshot(reason: string): Promise<Snapshot>;
  /** Every snapshot, the newest first. */
  snapshots(): Promise<Snapshot[]>;
  /**
   * To be called about every minute: takes a snapshot when the state was written since the last one and that is older than
   * five minutes, or when the last one is a day old, and removes those that are no longer kept.
   */
  maintain(): Promise<Snapshot | undefined>;
  close(): Promise<void>;
}

const SNAPSHOT_AFTER_WRITES_MS = 5 * 60_000;
const SNAPSHOT_DAILY_MS = 24 * 60 * 60_000;

/**
 * Opens the state database, as its only process: takes the lock, opens the file, climbs the migration ladder and compares
 * the result with the schema. Throws `state_locked`, `state_corrupt`, `state_migration_failed`, `storage_full` or
 * `invalid_config` (no right to the files); nothing stays open then.
 */
export function openState(options: StateOptions): Promise<State> {
  return openStateWith(options, migrations, Object.values(schema));
}

export async function openStateWith(
  { path: givenPath, now = () => new Date(), ...options }: StateOptions,
  ladder: readonly Migration[],
  tables: readonly PgTable[],
): Promise<State> {
  const path = resolve(givenPath);
  const snapshotsDir = resolve(options.snapshotsDir ?? defaultSnapshotsDir(path));
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const lock = await takeOwnerLock(path, now());
  let engine: DuckdbEngine | undefined;
  const release = async (): Promise<void> => {
    await engine?.close();
    await lock.release();
  };
  try {
    const opened = await openFile(path, snapshotsDir, now());
    engine = opened;
    await migrate(opened, ladder, {
      now,
      before: async ({ id }) => {
        await writeSnapshot(opened, snapshotsDir, `before-${id}`, now());
      },
    });
    await checkCatalog(opened.db, tables);
    return stateOver(opened, snapshotsDir, now, release);
  } catch (error) {
    await release();
    throw error;
  }
}

async function openFile(path: string, snapshotsDir: string, now: Date): Promise<DuckdbEngine> {
  const snapshots = await listSnapshots(snapshotsDir);
  await checkPresent(path, snapshots, now);
  try {
    return await openDuckdbEngine(path);
  } catch (error) {
    throw await openFailed(path, snapshots, error, now);
  }
}

function stateOver(engine: DuckdbEngine, snapshotsDir: string, now: () => Date, release: () => Promise<void>): State {
  const queue = createWriteQueue();
  // Whether anything was written before this start is not known, so the first look takes a snapshot.
  let written = true;

  const snapshot = (reason: string): Promise<Snapshot> =>
    queue.run(async () => {
      const taken = await writeSnapshot(engine, snapshotsDir, reason, now());
      written = false;
      await pruneSnapshots(snapshotsDir, now());
      return taken;
    });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= queue.close().then(release);
    return closing;
  };

  return {
    engine: engine.name,
    db: engine.db,
    snapshot,
    close,
    [Symbol.asyncDispose]: close,
    write: (work) =>
      queue.run(() => {
        written = true;
        return engine.transaction(work);
      }),
    checkpoint: () => queue.run(() => engine.checkpoint()),
    snapshots: () => listSnapshots(snapshotsDir),
    async maintain() {
      const [newest] = await listSnapshots(snapshotsDir);
      const age = newest ? now().getTime() - newest.created_at.getTime() : Number.POSITIVE_INFINITY;
      if (written && age > SNAPSHOT_AFTER_WRITES_MS) {
        return snapshot('recent');
      }
      return age > SNAPSHOT_DAILY_MS ? snapshot('daily') : undefined;
    },
  };
}
