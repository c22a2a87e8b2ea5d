import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Blob } from './blob-store.ts';

/** Larger reads hash and send no faster, smaller ones are markedly slower. */
export const READ_SIZE = 1024 * 1024;

export async function hashOf(file: FileHandle): Promise<Blob> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(READ_SIZE);
  let position = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, READ_SIZE, position);
    if (bytesRead === 0) {
      return { sha256: hash.digest('hex'), size_bytes: position };
    }
    hash.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}
