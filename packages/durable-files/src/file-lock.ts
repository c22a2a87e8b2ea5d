import { rm } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeFileAtomically } from './write-file.ts';

/** A lock that the operating system frees when its process ends, however it ends. */
export interface FileLock extends AsyncDisposable {
  /** Once is enough; again does nothing. */
  release(): Promise<void>;
}

export interface LockOptions {
  /** How long to wait for the holder to let go, in ms, default 0. */
  readonly waitMs?: number;
  /**
   * Who holds the lock, for the message of whoever does not get it. A file of its own, there while the lock is held (and after
   * a kill until the next holder writes it): closing any handle of the locked file would drop the lock.
   */
  readonly holder?: { readonly file: string; readonly text: string };
}

const SQLITE_BUSY = 5;

/**
 * Takes the exclusive lock on a file, which is made when it is not there; its folder must exist. The file is the lock's own
 * and never removed. Undefined when another process, or another part of this one, still holds it after `waitMs`.
 *
 * Node has no file locks; SQLite has, and comes with Node. Throws what SQLite and the file system throw.
 */
export async function takeFileLock(
  path: string,
  { waitMs = 0, holder }: LockOptions = {},
): Promise<FileLock | undefined> {
  const { DatabaseSync } = loadSqlite();
  const file = new DatabaseSync(path, { timeout: 0 });
  try {
    const deadline = performance.now() + waitMs;
    while (!begin(file)) {
      if (performance.now() >= deadline) {
        file.close();
        return undefined;
      }
      await sleep(10 + Math.random() * 30);
    }
    if (holder !== undefined) await writeFileAtomically(holder.file, holder.text);
  } catch (error) {
    file.close();
    throw error;
  }
  let held = true;
  const release = async (): Promise<void> => {
    if (!held) return;
    held = false;
    try {
      if (holder !== undefined) await rm(holder.file, { force: true });
    } finally {
      file.close();
    }
  };
  return { release, [Symbol.asyncDispose]: release };
}

function begin(file: DatabaseSync): boolean {
  try {
    file.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return false;
    throw error;
  }
}

/** Without the warning that some Node versions print when SQLite is loaded: nothing here rests on what may still change. */
function loadSqlite(): typeof import('node:sqlite') {
  const { emitWarning } = process;
  process.emitWarning = (...parameters: unknown[]): void => {
    if (!String(parameters[0]).includes('SQLite')) Reflect.apply(emitWarning, process, parameters);
  };
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}
