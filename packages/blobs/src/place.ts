import { chmod, mkdir, open, rename, stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasErrorCode, syncFolder } from '@agnes/durable-files';
import type { Blob } from './blob-store.ts';
import { blobPath, type Layout } from './layout.ts';

/**
 * Makes a hashed temporary file a blob. What has the name is complete and on disk: content first, then the name, then the
 * folder. A crash before the rename leaves a temporary file, which a sweep removes.
 * A blob that is there already is left as it is.
 */
export function place(layout: Layout, temp: string, blob: Blob): Promise<void> {
  return layout.exclusive(blob.sha256, async () => {
    if ((await renew(layout, blob)) === undefined) {
      await seal(layout, temp, blob);
    }
  });
}

/**
 * Marks a blob as put just now. Undefined when it is absent, or present with another length and so to be replaced.
 */
export function touch(layout: Layout, wanted: Wanted): Promise<Blob | undefined> {
  return layout.exclusive(wanted.sha256, () => renew(layout, wanted));
}

interface Wanted {
  readonly sha256: string;
  readonly size_bytes?: number | undefined;
}

async function seal(layout: Layout, temp: string, blob: Blob): Promise<void> {
  const path = blobPath(layout, blob.sha256);
  const folder = dirname(path);
  const created = await mkdir(folder, { recursive: true });
  // Windows syncs only through a writable handle.
  const file = await open(temp, process.platform === 'win32' ? 'r+' : 'r');
  try {
    const now = new Date();
    await file.utimes(now, now);
    await file.sync();
  } finally {
    await file.close();
  }
  await chmod(temp, 0o444);
  await rename(temp, path);
  await syncFolder(folder);
  if (created !== undefined) {
    await syncFolder(layout.blobs);
  }
}

async function renew(layout: Layout, blob: Wanted): Promise<Blob | undefined> {
  const path = blobPath(layout, blob.sha256);
  try {
    const now = new Date();
    await utimes(path, now, now);
    // Looked at after the time was set: a sweep that took the file away before is noticed here (see sweep.ts).
    const { size } = await stat(path);
    return blob.size_bytes === undefined || size === blob.size_bytes
      ? { sha256: blob.sha256, size_bytes: size }
      : undefined;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) {
      return undefined;
    }
    throw error;
  }
}
