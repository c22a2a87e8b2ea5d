import { open, rename, rm } from 'node:fs/promises';
import { AgnesError, isAgnesError } from '@agnes/errors';
import { readBody } from '../pull/read-body.ts';
import { writeStdout } from './print-result.ts';

export interface SaveBodyOptions {
  /** The file to write; without it, stdout. */
  readonly file?: string | undefined;
  /** Permissions of the file; what the system gives to new ones unless said. */
  readonly mode?: number;
  /** How long the connection may bring nothing, in milliseconds. */
  readonly stallMs: number;
}

/**
 * Writes the body of an answer to a file, which is there whole or not at all, or to stdout. Returns the bytes. Throws
 * `download_incomplete` when the answer ends early.
 */
export async function saveBody(response: Response, { file, mode, stallMs }: SaveBodyOptions): Promise<number> {
  return file === undefined ? toStdout(response, stallMs) : toFile(response, stallMs, file, mode);
}

async function toStdout(response: Response, stallMs: number): Promise<number> {
  let bytes = 0;
  for await (const chunks of wholeBody(response, stallMs)) {
    for (const chunk of chunks) {
      bytes += chunk.byteLength;
      if (!(await writeStdout(chunk))) return bytes;
    }
  }
  checkWhole(response, bytes);
  return bytes;
}

/** Under another name until it is whole. */
async function toFile(response: Response, stallMs: number, path: string, mode: number | undefined): Promise<number> {
  const unfinished = `${path}.${process.pid}.tmp`;
  let bytes = 0;
  try {
    const file = await open(unfinished, 'wx', mode);
    try {
      for await (const chunks of wholeBody(response, stallMs)) {
        await file.writev(chunks);
        for (const chunk of chunks) bytes += chunk.byteLength;
      }
      await file.sync();
    } finally {
      await file.close();
    }
    checkWhole(response, bytes);
    await rename(unfinished, path);
  } catch (error) {
    // Why it could not be written is what counts, not why its rest cannot be removed.
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw error;
  }
  return bytes;
}

async function* wholeBody(response: Response, stallMs: number): AsyncGenerator<Uint8Array[]> {
  try {
    yield* readBody(response, stallMs);
  } catch (error) {
    if (!isAgnesError(error, 'download_incomplete')) throw error;
    throw new AgnesError('download_incomplete', 'The result ended early.', {
      hint: 'Check your network and run the command again.',
      cause: error,
    });
  }
}

function checkWhole(response: Response, bytes: number): void {
  const length = response.headers.get('content-length');
  // A proxy that compresses the answer takes its length away.
  if (length === null || response.headers.has('content-encoding') || Number(length) === bytes) return;
  throw new AgnesError('download_incomplete', `The result ended after ${bytes} of ${length} bytes.`, {
    hint: 'Run the command again.',
  });
}
