import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '@agnes/errors';
import { formatBytes } from '../output/units.ts';
import type { Check } from './check.ts';

const LITTLE = 1024 ** 3;
const TOO_LITTLE = 100 * 1024 ** 2;

/** Whether there is room at a path and whether it can be written; of the nearest folder above it when it is not there yet. */
export async function checkDisk(name: string, path: string): Promise<Check> {
  const folder = await nearestFolder(path);
  const details = { path };
  try {
    await access(folder, constants.W_OK);
  } catch (error) {
    const action = `Give yourself access to ${folder}, or choose another place: AGNES_CONFIG_DIR, XDG_CACHE_HOME, --workspace`;
    return { name, status: 'error', message: `${folder} cannot be written: ${messageOf(error)}`, action, details };
  }
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const room = { ...details, free_bytes: free };
  const message = `${formatBytes(free)} free at ${path}.`;
  if (free >= LITTLE) return { name, status: 'ok', message, details: room };
  return {
    name,
    status: free < TOO_LITTLE ? 'error' : 'warning',
    message,
    action: 'Free some space before the next pull.',
    details: room,
  };
}

async function nearestFolder(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      await access(folder);
      return folder;
    } catch (error) {
      if (dirname(folder) === folder) throw error;
    }
  }
}
