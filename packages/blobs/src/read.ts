import { type FileHandle, open } from 'node:fs/promises';
import { hasErrorCode } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';
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
        const bytes = await readAt(file, position, Math.max(0, Math.min(READ_SIZE, end - position)));
        position += bytes.byteLength;
        if (bytes.byteLength > 0) {
          controller.enqueue(bytes);
        }
        if (bytes.byteLength === 0 || position >= end) {
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

/** At most `length` bytes; none at the end of the file. A file that cannot be read is closed: the stream asks no more. */
async function readAt(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  try {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    await file.close();
    throw error;
  }
}
