import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrorCode } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';
import type { Blob } from './blob-store.ts';
import { hashOf } from './hash.ts';
import type { Layout } from './layout.ts';
import { place, touch } from './place.ts';
import { copyOpenFile, openRegularFile } from './source-file.ts';
import { withStorageErrors } from './storage-errors.ts';

export interface Expected {
  readonly sha256?: string;
  readonly size_bytes?: number;
}

export function putFile(layout: Layout, path: string, move: boolean): Promise<Blob> {
  return withTemp(layout, async (temp) => {
    const source = await openRegularFile(path);
    let moved = false;
    try {
      // A second hard link would be a way to write to the blob later.
      moved = move && (await source.stat()).nlink === 1 && (await renameAcross(path, temp));
      if (!moved) {
        await copyOpenFile(source, temp);
      }
      const blob = await settle(layout, temp);
      if (move && !moved) {
        await rm(path, { force: true });
      }
      return blob;
    } catch (error) {
      if (moved) {
        await rename(temp, path);
      }
      throw error;
    } finally {
      await source.close();
    }
  });
}

export async function putStream(layout: Layout, stream: AsyncIterable<Uint8Array>, expected: Expected): Promise<Blob> {
  const { sha256, size_bytes } = expected;
  const stored = sha256 === undefined ? undefined : await touch(layout, { sha256, size_bytes });
  if (stored) {
    await stream[Symbol.asyncIterator]().return?.();
    return stored;
  }
  return withTemp(layout, async (temp) => {
    const file = await open(temp, 'wx', 0o600);
    let blob: Blob;
    try {
      blob = await writeAll(file, stream, expected);
    } finally {
      await file.close();
    }
    await place(layout, temp, blob);
    return blob;
  });
}

async function settle(layout: Layout, temp: string): Promise<Blob> {
  const file = await openRegularFile(temp);
  let blob: Blob;
  try {
    blob = await hashOf(file);
  } finally {
    await file.close();
  }
  await place(layout, temp, blob);
  return blob;
}

async function writeAll(file: FileHandle, stream: AsyncIterable<Uint8Array>, expected: Expected): Promise<Blob> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.byteLength;
    if (expected.size_bytes !== undefined && size > expected.size_bytes) {
      throw new AgnesError('download_corrupt', `The content is longer than the ${expected.size_bytes} bytes expected.`);
    }
    hash.update(chunk);
    await writeFully(file, chunk);
  }
  if (expected.size_bytes !== undefined && size < expected.size_bytes) {
    throw new AgnesError('download_incomplete', `The content ended after ${size} of ${expected.size_bytes} bytes.`);
  }
  const sha256 = hash.digest('hex');
  if (expected.sha256 !== undefined && sha256 !== expected.sha256) {
    throw new AgnesError('download_corrupt', `The content has SHA-256 ${sha256}, expected ${expected.sha256}.`);
  }
  return { sha256, size_bytes: size };
}

async function writeFully(file: FileHandle, chunk: Uint8Array): Promise<void> {
  let written = 0;
  while (written < chunk.byteLength) {
    written += (await file.write(chunk, written)).bytesWritten;
  }
}

/** False when the two lie on different file systems, or when the source may not be moved. */
async function renameAcross(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (hasErrorCode(error, 'EXDEV', 'EPERM', 'EACCES', 'EBUSY')) {
      return false;
    }
    throw error;
  }
}

async function withTemp<T>(layout: Layout, work: (temp: string) => Promise<T>): Promise<T> {
  const temp = join(layout.temp, `put-${randomUUID()}`);
  try {
    return await withStorageErrors(() => work(temp));
  } finally {
    await rm(temp, { force: true });
  }
}
