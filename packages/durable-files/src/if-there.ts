import { lstat, readFile, stat } from 'node:fs/promises';
import { hasErrorCode } from './system-error.ts';

/** Whether a path names anything, a dangling link too. */
export async function isThere(path: string): Promise<boolean> {
  return (await ifThere(() => lstat(path))) !== undefined;
}

/** The size of a file in bytes, undefined when there is none. */
export async function sizeOf(path: string): Promise<number | undefined> {
  return (await ifThere(() => stat(path)))?.size;
}

/** The text of a file, undefined when there is none. A byte order mark, as some Windows tools leave, is dropped. */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  return (await ifThere(() => readFile(path, 'utf8')))?.replace(/^\uFEFF/, '');
}

async function ifThere<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}
