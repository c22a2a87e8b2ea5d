import { createHash } from 'node:crypto';
import { lstat, mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { AgnesError } from '@agnes/errors';

/** The longest path of a socket that every Unix takes: macOS has room for 104 bytes, the last of which is a NUL. */
const LONGEST = 100;

/**
 * Where the server of a state folder listens for commands of its own machine: a socket in that folder, which only its
 * owner may enter; on Windows a named pipe. Where the folder's path is too long for a socket, it is in a folder of the
 * same owner under /tmp.
 */
export async function controlAddress(stateDir: string): Promise<string> {
  const folder = await realpath(stateDir);
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 32);
  if (process.platform === 'win32') return `\\\\.\\pipe\\agnes-${name}`;
  const path = join(folder, 'control.sock');
  if (Buffer.byteLength(path) <= LONGEST) return path;
  return join(await ownFolder(`/tmp/agnes-${process.getuid?.() ?? 0}-${name}`), 'control.sock');
}

/** A folder that is this account's alone; /tmp is everybody's, so it is looked at before it is trusted. */
async function ownFolder(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const found = await lstat(path);
  if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0) return path;
  throw new AgnesError('invalid_config', `The folder ${path} is not this account's alone.`, {
    hint: 'Remove it, or set STATE_DIR to a shorter path.',
  });
}
