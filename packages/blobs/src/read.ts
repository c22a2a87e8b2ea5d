import { type FileHandle, open } from 'node:fs/promises';
import { AgnesError } from '@agnes/errors';
import { hasErrorCode } from './file-errors.ts';
import { READ_SIZE } from './hash.ts';
import { blobPath, type Layout } from './layout.ts';

export async function openBlob(layout: Layout, sha256: string): Promise<FileHandle> {
  try {
    return await open(blobPath(layout, sha256), 'r');
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) {
      throw new AgnesError('blob_not_found', `There is no stored file ${sha256}.`, { cause: error });
    }
    throw error;
  }
}

export function readBlob(
  layout: Layout,
  sha256: string,
  range: { readonly start: number; readonly end: number } | undefined,
): ReadableStream<Uint8Array> {
  blobPath(layout, sha256);
  let position = range?.start ?? 0;
  const end = (range?.end ?? Number.MAX_SAFE_INTEGER - 1) + 1;
  let file: FileHandle | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        file ??= await openBlob(layout, sha256);
        const want = Math.min(READ_SIZE, end - position);
        const { bytesRead, buffer } =
          want > 0
            ? await file.read(Buffer.allocUnsafeSlow(want), 0, want, position)
            : { bytesRead: 0, buffer: Buffer.alloc(0) };
        position += bytesRead;
        if (bytesRead > 0) {
          controller.enqueue(buffer.subarray(0, bytesRead));
        }
        if (bytesRead === 0 || position >= end) {
          await file.close();
          controller.close();
        }
      },
      async cancel() {
        await file?.close();
      },
    },
    { highWaterMark: 0 },
  );
}
