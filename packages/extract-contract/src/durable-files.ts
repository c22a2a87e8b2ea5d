import { constants, copyFile, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Waits until the bytes of a file are on the disk. */
export async function fsyncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Waits until the names in a folder are on the disk. Windows cannot, and does not need to. */
export async function fsyncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * Puts a closed database file in the place of another one, in one step. The write-ahead log of the old one goes first: it
 * would be replayed over the new file. Its content is in the new file already, which was made from both.
 */
export async function replaceDatabase(temporary: string, target: string): Promise<void> {
  await fsyncFile(temporary);
  await rm(`${target}.wal`, { force: true });
  await rename(temporary, target);
  await rm(`${temporary}.wal`, { force: true });
  await fsyncFolder(dirname(target));
}

/** Copies a file, by reflink where the file system can. Returns whether there was one. */
export async function copyIfThere(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
