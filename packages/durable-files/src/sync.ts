import { open } from 'node:fs/promises';

/**
 * Waits until the bytes of a file are on the disk. Not for a file that DuckDB or SQLite holds open in this process: closing
 * any handle of it drops their lock.
 */
export async function syncFile(path: string): Promise<void> {
  // Windows syncs only through a writable handle; elsewhere a file that may only be read can be synced too.
  const file = await open(path, process.platform === 'win32' ? 'r+' : 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Waits until the names in a folder are on the disk: a rename survives a power cut only then. Windows cannot open folders and
 * needs no such thing.
 */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
