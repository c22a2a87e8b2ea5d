import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgnesError, messageOf } from '@agnes/errors';

/** A lock that the operating system frees when its process ends, however it ends. */
export interface OsLock extends AsyncDisposable {
  release(): Promise<void>;
}

/**
 * Takes the exclusive lock on a file, which is made when it is not there; its folder must exist. Returns undefined when
 * another process (or another part of this one) still holds it after `waitMs`.
 */
export async function takeOsLock(path: string, waitMs = 0): Promise<OsLock | undefined> {
  const database = openLockFile(path);
  const deadline = Date.now() + waitMs;
  try {
    while (!begin(database)) {
      if (Date.now() >= deadline) {
        database.close();
        return undefined;
      }
      await sleep(50);
    }
  } catch (error) {
    database.close();
    throw cannotLock(path, error);
  }
  let held = true;
  const release = async (): Promise<void> => {
    if (!held) return;
    held = false;
    database.close();
  };
  return { release, [Symbol.asyncDispose]: release };
}

/** Node has no flock; an exclusive SQLite transaction is one. */
function begin(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && /locked|busy/i.test(error.message)) return false;
    throw error;
  }
}

function openLockFile(path: string): DatabaseSync {
  const { DatabaseSync } = loadSqlite();
  try {
    return new DatabaseSync(path, { timeout: 0 });
  } catch (error) {
    throw cannotLock(path, error);
  }
}

function cannotLock(path: string, cause: unknown): AgnesError {
  return new AgnesError('path_not_writable', `The lock ${path} cannot be taken: ${messageOf(cause)}.`, {
    hint: 'Give yourself write access to that folder.',
    cause,
  });
}

/** node:sqlite announces itself as experimental on every start; that is nothing a user can act on. */
function loadSqlite(): typeof import('node:sqlite') {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}
