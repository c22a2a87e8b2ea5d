import { readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { AgnesError } from '@agnes/errors';

export interface OwnerLock {
  release(): Promise<void>;
}

const SQLITE_BUSY = 5;

/**
 * Takes the lock `<path>.lock`, which at most one process holds and which the operating system frees when that process ends,
 * however it ends. Node has no file locks of its own; SQLite has, and comes with Node. Who holds it stands in
 * `<path>.owner`, in a file of its own, because closing any handle of the lock file would drop the lock.
 *
 * Throws `state_locked`, which names the holder.
 */
export async function takeOwnerLock(path: string, now: Date): Promise<OwnerLock> {
  const { DatabaseSync } = loadSqlite();
  const lock = new DatabaseSync(`${path}.lock`);
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) {
      throw await stateLocked(path, error);
    }
    throw error;
  }
  const owner = `${path}.owner`;
  await writeFile(owner, `process ${process.pid} on ${hostname()} since ${now.toISOString()}\n`);
  return {
    async release() {
      await rm(owner, { force: true });
      lock.close();
    },
  };
}

export async function stateLocked(path: string, cause: unknown): Promise<AgnesError> {
  const owner = await ownerOf(path);
  return new AgnesError('state_locked', `The state database ${path} is in use by ${owner}.`, {
    hint: 'Stop that process first: one server at a time may use a data folder.',
    details: { owner },
    cause,
  });
}

async function ownerOf(path: string): Promise<string> {
  try {
    return (await readFile(`${path}.owner`, 'utf8')).trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return 'another process';
    }
    throw error;
  }
}

/** Without the warning that some Node versions print when SQLite is loaded: nothing here rests on what may still change. */
function loadSqlite(): typeof import('node:sqlite') {
  const { emitWarning } = process;
  const quiet = (...parameters: unknown[]): void => {
    if (!String(parameters[0]).includes('SQLite')) {
      Reflect.apply(emitWarning, process, parameters);
    }
  };
  process.emitWarning = quiet;
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}
