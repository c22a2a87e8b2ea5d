import { mkdir, stat } from 'node:fs/promises';
import { hasErrorCode } from '@agnes/durable-files';
import type { BlobStore } from './blob-store.ts';
import { hashOf } from './hash.ts';
import { blobPath, layoutOf } from './layout.ts';
import { putFile, putStream } from './put.ts';
import { openBlob, readBlob } from './read.ts';
import { withStorageErrors } from './storage-errors.ts';
import { returnSwept, sweep } from './sweep.ts';

/**
 * Opens, and creates where needed, a store in a folder: `<root>/sha256/ab/<hex>`. Several processes may use one folder at a
 * time. A hash that is not 64 lower-case hex digits is a programmer's error.
 */
export async function openFilesystemBlobs(root: string): Promise<BlobStore> {
  const layout = layoutOf(root);
  await withStorageErrors(async () => {
    await mkdir(layout.blobs, { recursive: true });
    await mkdir(layout.temp, { recursive: true });
    await returnSwept(layout);
  });
  return {
    putFile: (path, options = {}) => putFile(layout, path, options.move ?? false),
    putStream: (stream, expected = {}) => putStream(layout, stream, expected),
    path: (sha256) => blobPath(layout, sha256),
    read: (sha256, range) => readBlob(layout, sha256, range),
    sweep: (isLive, { olderThan }) => sweep(layout, isLive, olderThan),
    async stat(sha256) {
      try {
        return { sha256, size_bytes: (await stat(blobPath(layout, sha256))).size };
      } catch (error) {
        if (hasErrorCode(error, 'ENOENT')) {
          return undefined;
        }
        throw error;
      }
    },
    async verify(sha256) {
      const file = await openBlob(layout, sha256);
      try {
        return (await hashOf(file)).sha256 === sha256;
      } finally {
        await file.close();
      }
    },
  };
}
