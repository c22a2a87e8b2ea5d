import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgnesError } from '@agnes/errors';

const SQLITE_BUSY = 5;
const WAIT_MS = 30_000;

/**
 * Runs `work` while no other writer, in this process or another, commits to the folder. The lock is SQLite's on the file
 * `.lock`: the operating system frees it when its holder is killed. Throws `connector_failed` after 30 seconds of waiting.
 */
export async function withCommitLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const { DatabaseSync } = loadSqlite();
  const lock = new DatabaseSync(join(folder, '.lock'), { timeout: 0 });
  try {
    const deadline = performance.now() + WAIT_MS;
    for (;;) {
      try {
        lock.exec('BEGIN EXCLUSIVE');
        break;
      } catch (error) {
        if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
        if (performance.now() > deadline) {
          throw new AgnesError('connector_failed', `Another writer has been committing to ${folder} for too long.`, {
            hint: 'Let one connector at a time write into a source.',
            cause: error,
          });
        }
        await sleep(10 + Math.random() * 30);
      }
    }
    return await work();
  } finally {
    lock.close();
  }
}

/** Without the warning that some Node versions print when SQLite is loaded: it would stand among a connector's last words. */
function loadSqlite(): typeof import('node:sqlite') {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}
