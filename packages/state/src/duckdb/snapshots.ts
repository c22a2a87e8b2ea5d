import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrorCode, syncFile, syncFolder } from '@agnes/durable-files';
import type { DuckdbEngine } from './engine.ts';

/** A verified copy of the state database at one moment. */
export interface Snapshot {
  /** File name without its ending: the UTC time and the reason, for example `20261120T101112123Z-daily`. */
  readonly name: string;
  readonly path: string;
  readonly reason: string;
  readonly created_at: Date;
  readonly size_bytes: number;
}

const FILE = /^((\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-([a-z0-9-]+))\.duckdb$/;

/**
 * Writes a snapshot: a new file, filled, opened, counted and only then named. A name is never used twice. The caller holds
 * the write connection.
 */
export async function writeSnapshot(
  engine: DuckdbEngine,
  folder: string,
  reason: string,
  created_at: Date,
): Promise<Snapshot> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await removeUnfinished(folder);
  const stamp = created_at.toISOString().replace(/[-:.]/g, '');
  const slug = reason.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const name = `${stamp}-${slug}`;
  const path = join(folder, `${name}.duckdb`);
  const unfinished = `${path}.tmp`;
  try {
    await engine.copyTo(unfinished);
    await syncFile(unfinished);
    await rename(unfinished, path);
    await syncFolder(folder);
  } finally {
    await rm(unfinished, { force: true });
  }
  return { name, path, reason: slug, created_at, size_bytes: (await stat(path)).size };
}

/** Every snapshot, the newest first. */
export async function listSnapshots(folder: string): Promise<Snapshot[]> {
  const snapshots: Snapshot[] = [];
  for (const file of await namesIn(folder)) {
    const [, name, year, month, day, hour, minute, second, milli, reason] = FILE.exec(file) ?? [];
    if (name !== undefined && reason !== undefined) {
      const path = join(folder, file);
      const created_at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.${milli}Z`);
      snapshots.push({ name, path, reason, created_at, size_bytes: (await stat(path)).size });
    }
  }
  return snapshots.sort((a, b) => b.created_at.getTime() - a.created_at.getTime());
}

const NEWEST = 24;
const DAYS = 14;
const BEFORE_MIGRATION = 5;

/** What stays: the newest 24, the newest of each of the last 14 days, and the 5 newest from before a migration. */
export function snapshotsToKeep(newestFirst: readonly Snapshot[], now: Date): Set<string> {
  const since = now.getTime() - DAYS * 86_400_000;
  const dayOf = (snapshot: Snapshot) => snapshot.created_at.toISOString().slice(0, 10);
  const recent = newestFirst.filter((snapshot) => snapshot.created_at.getTime() >= since);
  const daily = recent.filter(
    (snapshot, index) => recent.findIndex((other) => dayOf(other) === dayOf(snapshot)) === index,
  );
  const migrations = newestFirst.filter((snapshot) => snapshot.reason.startsWith('before-')).slice(0, BEFORE_MIGRATION);
  return new Set([...newestFirst.slice(0, NEWEST), ...daily, ...migrations].map((snapshot) => snapshot.name));
}

export async function pruneSnapshots(folder: string, now: Date): Promise<void> {
  const snapshots = await listSnapshots(folder);
  const keep = snapshotsToKeep(snapshots, now);
  for (const snapshot of snapshots.filter(({ name }) => !keep.has(name))) {
    await rm(snapshot.path, { force: true });
  }
}

async function removeUnfinished(folder: string): Promise<void> {
  for (const file of await namesIn(folder)) {
    if (file.includes('.duckdb.tmp')) {
      await rm(join(folder, file), { force: true });
    }
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) {
      return [];
    }
    throw error;
  }
}
