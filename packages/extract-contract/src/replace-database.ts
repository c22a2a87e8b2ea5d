import { constants, copyFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasErrorCode, syncFile, syncFolder } from '@agnes/durable-files';

/**
 * Puts a closed database file in the place of another one, in one step. The write-ahead log of the old one goes first: it
 * would be replayed over the new file. Its content is in the new file already, which was made from both.
 */
export async function replaceDatabase(temporary: string, target: string): Promise<void> {
  await syncFile(temporary);
  await rm(`${target}.wal`, { force: true });
  await rename(temporary, target);
  await rm(`${temporary}.wal`, { force: true });
  await syncFolder(dirname(target));
}

/** Copies a file, by reflink where the file system can. Returns whether there was one. */
export async function copyIfThere(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE);
    return true;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return false;
    throw error;
  }
}
