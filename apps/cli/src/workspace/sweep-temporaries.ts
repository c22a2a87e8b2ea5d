import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { workspacePaths } from './workspace.ts';

/**
 * Removes the temporary files of commands that were killed before they could rename them. Only for the holder of the
 * workspace's lock: nobody else is writing there then.
 */
export async function sweepTemporaries(root: string): Promise<void> {
  const folder = workspacePaths.agnes(root);
  for (const name of await readdir(folder)) {
    if (name.endsWith('.tmp')) await rm(join(folder, name), { force: true });
  }
}
