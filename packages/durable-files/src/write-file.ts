import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from './sync.ts';

export interface WriteOptions {
  /** Permissions of the file, default 0644. */
  readonly mode?: number;
  /** Permissions of folders that have to be made, default 0755. */
  readonly folderMode?: number;
}

/** Writes a whole file so that a reader, or a crash, sees the old content or the new, never a part. */
export async function writeFileAtomically(path: string, content: string, options: WriteOptions = {}): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: options.folderMode ?? 0o755 });
  // Not node:crypto, which costs a command 5 ms at its start; `wx` refuses a name that is taken.
  const temporary = `${path}.${process.pid}-${Math.random().toString(36).slice(2)}.tmp`;
  try {
    const file = await open(temporary, 'wx', options.mode ?? 0o644);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}
