import { execFile } from 'node:child_process';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from './temporary-folder.ts';

const run = promisify(execFile);

/** A file system of its own, small enough to be filled to the last byte; what native code writes meets its end too. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** Fills it until so many bytes are left. */
  fill(leave: number): Promise<void>;
  /** Takes the filling out again. */
  free(): Promise<void>;
}

/** Mounts one of `bytes`. Undefined where that cannot be done: it takes Linux and root. */
export async function smallDisk(bytes: number): Promise<SmallDisk | undefined> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  const folder = await temporaryFolder('agnes-small-disk-');
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder.path]);
  } catch {
    // A container without the right to mount.
    await folder[Symbol.asyncDispose]();
    return undefined;
  }
  const filling = join(folder.path, 'filling');
  return {
    path: folder.path,
    async fill(leave) {
      await rm(filling, { force: true });
      const { bavail, bsize } = await statfs(folder.path);
      await writeFile(filling, Buffer.alloc(Math.max(0, bavail * bsize - leave)));
    },
    free: () => rm(filling, { force: true }),
    async [Symbol.asyncDispose]() {
      await run('umount', ['-l', folder.path]);
      await folder[Symbol.asyncDispose]();
    },
  };
}
