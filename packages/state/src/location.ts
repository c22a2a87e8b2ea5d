import { existsSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { AgnesError } from '@agnes/errors';
import { type DuckdbEngine, openDuckdbEngine } from './duckdb/engine.ts';
import { takeOwnerLock } from './duckdb/owner-lock.ts';
import { checkPresent, defaultSnapshotsDir, openFailed } from './duckdb/recovery.ts';
import { listSnapshots } from './duckdb/snapshots.ts';
import type { Engine } from './engine.ts';
import { openPostgresEngine } from './postgres/engine.ts';
import { nameOf } from './postgres/url.ts';
import { userGroups } from './schema.ts';

/** Where a state database is: a DuckDB file, or a Postgres database. */
export interface StateLocation {
  /**
   * The database file, for example `<data>/state/system.duckdb`. Its folder is made when it is absent. With `url` nothing is
   * stored there, but its lock still keeps two servers from one data folder.
   */
  readonly path?: string;
  /** A Postgres database of its own for the state: `postgres://<user>:<password>@<host>/<database>`. */
  readonly url?: string;
  /** Default: `snapshots` beside the file. */
  readonly snapshotsDir?: string;
}

/** An engine that this process alone owns. */
export type OpenEngine = { readonly release: () => Promise<void> } & (
  | { readonly kind: 'duckdb'; readonly engine: DuckdbEngine; readonly snapshotsDir: string }
  | { readonly kind: 'postgres'; readonly engine: Engine }
);

/** Takes the locks and opens the engine; the ladder is not climbed. Throws what `openState` throws; nothing stays open. */
export async function openEngine(location: StateLocation, now: Date): Promise<OpenEngine> {
  const { url } = location;
  if (location.path === undefined) {
    if (url === undefined) throw new Error('A state database needs a path or a URL.');
    const engine = await openPostgresEngine(url);
    return { kind: 'postgres', engine, release: () => engine.close() };
  }
  const path = resolve(location.path);
  const snapshotsDir = resolve(location.snapshotsDir ?? defaultSnapshotsDir(path));
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const lock = await takeOwnerLock(path, now);
  try {
    if (url === undefined) {
      const engine = await openFile(path, snapshotsDir, now);
      return { kind: 'duckdb', engine, snapshotsDir, release: () => engine.close().then(lock.release) };
    }
    const engine = await openPostgresEngine(url);
    const release = () => engine.close().then(lock.release);
    try {
      await refuseForgottenFile(engine, path, url);
    } catch (error) {
      await engine.close();
      throw error;
    }
    return { kind: 'postgres', engine, release };
  } catch (error) {
    await lock.release();
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

/** An empty database where the file holds a state would look like a healthy, new installation. */
async function refuseForgottenFile(engine: Engine, path: string, url: string): Promise<void> {
  if (!existsSync(path) || (await stat(path)).size === 0) return;
  if (await holdsState(engine)) return;
  throw new AgnesError('invalid_config', `The state database ${nameOf(url)} is empty, but the file ${path} is not.`, {
    hint: 'To take the state along: agnes-server state copy --from file --to postgres. To begin anew, move the file away.',
  });
}

/** A copy that was interrupted leaves tables without rows; a server that ran once leaves at least its groups. */
async function holdsState({ db }: Engine): Promise<boolean> {
  const { rows } = await db.execute(
    "SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'user_groups'",
  );
  return rows.length > 0 && (await db.$count(userGroups)) > 0;
}
