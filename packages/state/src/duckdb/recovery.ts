import { existsSync } from 'node:fs';
import { copyFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isHeldElsewhere, openDatabase } from '@agnes/duckdb';
import { syncFile, syncFolder } from '@agnes/durable-files';
import { AgnesError, messageOf } from '@agnes/errors';
import { stateLocked, takeOwnerLock } from './owner-lock.ts';
import { listSnapshots, type Snapshot } from './snapshots.ts';

/** Refuses to begin an empty database where there was one: a file that is gone is a loss, not a fresh installation. */
export async function checkPresent(path: string, snapshots: readonly Snapshot[], now: Date): Promise<void> {
  const present = existsSync(path) && (await stat(path)).size > 0;
  if (!present && (snapshots.length > 0 || existsSync(`${path}.wal`))) {
    throw stateCorrupt(path, 'The file is missing or empty, but there is a log or a snapshot of it.', snapshots, now);
  }
}

/** What to tell when the file does not open. Nothing is restored here: a person decides what may be lost. */
export async function openFailed(
  path: string,
  snapshots: readonly Snapshot[],
  error: unknown,
  now: Date,
): Promise<AgnesError> {
  const reason = messageOf(error);
  if (isHeldElsewhere(error)) {
    return stateLocked(path, error);
  }
  if (/permission denied|read-only file system/i.test(reason)) {
    return new AgnesError('invalid_config', `The state database ${path} cannot be opened for writing: ${reason}`, {
      hint: 'Give the account that runs the server the right to read and write the folder and its files.',
      cause: error,
    });
  }
  return stateCorrupt(path, reason, snapshots, now, error);
}

function stateCorrupt(
  path: string,
  reason: string,
  snapshots: readonly Snapshot[],
  now: Date,
  cause?: unknown,
): AgnesError {
  const list = snapshots.map((snapshot) => `${snapshot.name} (${ageOf(snapshot, now)} old)`);
  return new AgnesError(
    'state_corrupt',
    `The state database ${path} cannot be opened: ${reason} ${
      list.length === 0 ? 'There is no snapshot of it.' : `Snapshots, the newest first: ${list.join(', ')}.`
    }`,
    {
      hint:
        list.length === 0
          ? 'Keep the file and its .wal as they are, and restore the data folder from your own backup.'
          : `Nothing was changed. To go back to a snapshot, run: agnes-server state restore ${snapshots[0]?.name} (what was written after it is lost).`,
      details: {
        snapshots: snapshots.map(({ name, reason: why, created_at, size_bytes }) => ({
          name,
          reason: why,
          created_at: created_at.toISOString(),
          age_seconds: Math.round((now.getTime() - created_at.getTime()) / 1000),
          size_bytes,
        })),
      },
      cause,
    },
  );
}

function ageOf(snapshot: Snapshot, now: Date): string {
  const minutes = Math.max(0, Math.round((now.getTime() - snapshot.created_at.getTime()) / 60_000));
  if (minutes < 120) {
    return `${minutes} min`;
  }
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} days`;
}

export interface RestoreResult {
  readonly snapshot: Snapshot;
  /** The files that were in its place, kept beside it. */
  readonly kept: readonly string[];
}

/**
 * Puts a snapshot in the place of the state database. What was there is kept beside it. No server may run: throws
 * `state_locked`, `not_found` for a name that is no snapshot, and `state_corrupt` when the snapshot itself does not open.
 */
export async function restoreSnapshot(
  path: string,
  name: string,
  {
    snapshotsDir = defaultSnapshotsDir(path),
    now = () => new Date(),
  }: { snapshotsDir?: string; now?: () => Date } = {},
): Promise<RestoreResult> {
  const lock = await takeOwnerLock(path, now());
  try {
    const snapshots = await listSnapshots(snapshotsDir);
    const snapshot = snapshots.find((candidate) => candidate.name === name);
    if (!snapshot) {
      throw new AgnesError('not_found', `There is no snapshot ${name} in ${snapshotsDir}.`, {
        hint: snapshots.length === 0 ? 'There are no snapshots.' : `The newest is ${snapshots[0]?.name}.`,
      });
    }
    await checkOpens(snapshot, now());
    const incoming = `${path}.restoring`;
    await rm(incoming, { force: true });
    await copyFile(snapshot.path, incoming);
    await syncFile(incoming);
    // The log first: a restored file beside the old log would take the old log for its own.
    const stamp = now().toISOString().replace(/[-:.]/g, '');
    const kept = [
      await moveAside(`${path}.wal`, `${path}.replaced-${stamp}.wal`),
      await moveAside(path, `${path}.replaced-${stamp}`),
    ].filter((file) => file !== undefined);
    await rename(incoming, path);
    await syncFolder(dirname(path));
    return { snapshot, kept };
  } finally {
    await lock.release();
  }
}

export function defaultSnapshotsDir(path: string): string {
  return join(dirname(path), 'snapshots');
}

async function checkOpens(snapshot: Snapshot, now: Date): Promise<void> {
  try {
    const database = await openDatabase(snapshot.path, { readOnly: true });
    try {
      const connection = await database.connect();
      await connection.rows('SELECT count(*) FROM schema_migrations');
    } finally {
      await database.close();
    }
  } catch (error) {
    throw stateCorrupt(snapshot.path, messageOf(error), [], now, error);
  }
}

async function moveAside(from: string, to: string): Promise<string | undefined> {
  if (!existsSync(from)) {
    return undefined;
  }
  await rename(from, to);
  return to;
}
