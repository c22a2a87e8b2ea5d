import { AgnesError } from '@agnes/errors';
import type { PgTable } from 'drizzle-orm/pg-core';
import { checkCatalog } from './check-catalog.ts';
import type { StateDatabase } from './database.ts';
import { listSnapshots, pruneSnapshots, type Snapshot, writeSnapshot } from './duckdb/snapshots.ts';
import { heldVersions } from './held-versions.ts';
import { type OpenEngine, openEngine, type StateLocation } from './location.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations/index.ts';
import type { Migration } from './migrations/migration.ts';
import * as schema from './schema.ts';
import { readVersion, type VersionKey } from './versions.ts';
import { createWriteQueue } from './write-queue.ts';

export interface StateOptions extends StateLocation {
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
  /**
   * A counter as it is now, with every write that has resolved. Costs nothing on the file, which nobody else writes; on
   * Postgres one read.
   */
  version(key: VersionKey): Promise<number>;
  checkpoint(): Promise<void>;
  /** On Postgres `invalid_config`: copies of a database server are its own business (pg_dump, point-in-time recovery). */
  snapshot(reason: string): Promise<Snapshot>;
  /** Every snapshot, the newest first; on Postgres none. */
  snapshots(): Promise<Snapshot[]>;
  /**
   * To be called about every minute: takes a snapshot when the state was written since the last one and that is older than
   * five minutes, or when the last one is a day old, and removes those that are no longer kept. On Postgres: nothing.
   */
  maintain(): Promise<Snapshot | undefined>;
  close(): Promise<void>;
}

const SNAPSHOT_AFTER_WRITES_MS = 5 * 60_000;
const SNAPSHOT_DAILY_MS = 24 * 60 * 60_000;

/**
 * Opens the state database, as its only process: takes the lock, opens the file or connects, climbs the migration ladder and
 * compares the result with the schema. Throws `state_locked`, `state_corrupt`, `state_migration_failed`, `storage_full`,
 * `unavailable` (the database server does not answer) or `invalid_config` (no right to the files, a wrong address or
 * password); nothing stays open then.
 */
export function openState(options: StateOptions): Promise<State> {
  return openStateWith(options, migrations, Object.values(schema));
}

export async function openStateWith(
  { now = () => new Date(), ...location }: StateOptions,
  ladder: readonly Migration[],
  tables: readonly PgTable[],
): Promise<State> {
  const opened = await openEngine(location, now());
  try {
    await migrate(opened.engine, ladder, {
      now,
      before: async ({ id }) => {
        if (opened.kind === 'duckdb') {
          await writeSnapshot(opened.engine, opened.snapshotsDir, `before-${id}`, now());
        }
      },
    });
    await checkCatalog(opened.engine.db, tables);
    return stateOver(opened, now);
  } catch (error) {
    await opened.release();
    throw error;
  }
}

function stateOver(opened: OpenEngine, now: () => Date): State {
  const { engine } = opened;
  const queue = createWriteQueue();
  const versions = heldVersions(engine.db);
  // Whether anything was written before this start is not known, so the first look takes a snapshot.
  let written = true;

  const snapshot = (reason: string): Promise<Snapshot> =>
    queue.run(async () => {
      if (opened.kind === 'postgres') {
        throw noSnapshots();
      }
      const taken = await writeSnapshot(opened.engine, opened.snapshotsDir, reason, now());
      written = false;
      await pruneSnapshots(opened.snapshotsDir, now());
      return taken;
    });
  const snapshots = async (): Promise<Snapshot[]> =>
    opened.kind === 'postgres' ? [] : listSnapshots(opened.snapshotsDir);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= queue.close().then(opened.release);
    return closing;
  };

  return {
    engine: engine.name,
    db: engine.db,
    snapshot,
    snapshots,
    close,
    [Symbol.asyncDispose]: close,
    write: (work) =>
      queue.run(async () => {
        written = true;
        try {
          return await engine.transaction(work);
        } finally {
          versions.forget();
        }
      }),
    // A server that lost Postgres to another one still answers reads, and must see what that one revokes.
    version: (key) => (opened.kind === 'duckdb' ? versions.read(key) : readVersion(engine.db, key)),
    checkpoint: () => queue.run(() => engine.checkpoint()),
    async maintain() {
      if (opened.kind === 'postgres') {
        return undefined;
      }
      const [newest] = await snapshots();
      const age = newest ? now().getTime() - newest.created_at.getTime() : Number.POSITIVE_INFINITY;
      if (written && age > SNAPSHOT_AFTER_WRITES_MS) {
        return snapshot('recent');
      }
      return age > SNAPSHOT_DAILY_MS ? snapshot('daily') : undefined;
    },
  };
}

/** What to tell who asks for a snapshot of a Postgres database. */
export function noSnapshots(): AgnesError {
  return new AgnesError('invalid_config', 'The state is in Postgres, which Agnes takes no snapshots of.', {
    hint: "Back it up and restore it with the database's own means: pg_dump, or its point-in-time recovery.",
  });
}
