import { readFile } from 'node:fs/promises';

/** The text of a file, or undefined when there is none. A byte order mark, as some Windows tools leave, is dropped. */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
      return undefined;
    }
    throw error;
  }
}
