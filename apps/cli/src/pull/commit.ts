import { rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { sizeOf, syncFolder } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';
import { fileError } from '../output/file-error.ts';
import { dropPreparedState, prepareState, settleState, type WorkspaceState } from '../workspace/state.ts';
import { workspacePaths } from '../workspace/workspace.ts';
import { type Built, buildDatabase, removeDatabase, type ViewPlan, walOf } from './build-database.ts';

const TRIES = 3;

/**
 * Brings the workspace to its new versions: builds the database beside the old one and renames it. That rename is the one
 * moment of change; before it everything is old, after it everything is new, and a crash leaves one or the other.
 * `stateOf` makes the state from what could be built.
 */
export async function commitDatabase(
  root: string,
  views: readonly ViewPlan[],
  stateOf: (built: Built) => WorkspaceState,
): Promise<Built> {
  const database = workspacePaths.database(root);
  const target = `${database}.tmp`;
  for (let tried = 1; ; tried += 1) {
    const seen = await identityOf(database);
    const built = await buildDatabase(database, target, views);
    await prepareState(root, stateOf(built));
    if ((await identityOf(database)) === seen) {
      await swap(target, database);
      await syncFolder(dirname(database));
      await settleState(root);
      return built;
    }
    // The user has written to the old file meanwhile: what they wrote has to come along.
    if (tried === TRIES) {
      await dropPreparedState(root);
      await removeDatabase(target);
      throw new AgnesError('workspace_busy', `Another program keeps writing to ${database}.`, {
        hint: 'Close it there, then run: agnes pull',
      });
    }
  }
}

async function swap(target: string, database: string): Promise<void> {
  try {
    await rename(target, database);
  } catch (error) {
    // Windows does not replace a file that a program has open, even read-only.
    if (process.platform !== 'win32' || fileError(error)?.code !== 'path_not_writable') throw error;
    throw new AgnesError('workspace_busy', `Another program has ${database} open.`, {
      hint: 'Close it there, then run: agnes pull',
      cause: error,
    });
  }
}

async function identityOf(path: string): Promise<string> {
  if ((await sizeOf(path)) === undefined) return 'none';
  const { ino, size, mtimeMs } = await stat(path);
  return [ino, size, mtimeMs, (await sizeOf(walOf(path))) ?? 'no wal'].join(' ');
}
