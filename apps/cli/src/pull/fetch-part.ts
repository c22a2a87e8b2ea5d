import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@agnes/api-client';
import { sizeOf } from '@agnes/durable-files';
import { AgnesError, isAgnesError } from '@agnes/errors';
import type { MissingPart } from './plan.ts';
import { readBody } from './read-body.ts';
import { admitPart, hasPart, type Intake, type Store } from './store.ts';

export interface FetchOptions {
  readonly client: Client;
  readonly store: Store;
  readonly intake: Intake;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** Pauses before the tries that follow one without progress. */
const PAUSES_MS = [300, 1000, 3000];

/**
 * Brings one part into the store: goes on where an earlier try ended, verifies size and SHA-256, and only then gives it
 * its name. Returns the bytes that crossed the network. Wrong bytes are thrown away and fetched once more, then throw
 * `download_corrupt`.
 */
export async function fetchPart(part: MissingPart, options: FetchOptions): Promise<number> {
  const path = join(options.intake.folder, `${part.sha256}.part`);
  let [received, fruitless, counted] = [0, 0, 0];
  let wasCorrupt = false;
  const count = (bytes: number): void => {
    // Progress counts each byte of the part once, however often it is fetched.
    const fresh = Math.min(bytes, part.bytes - counted);
    counted += fresh;
    options.onBytes(fresh);
  };

  for (;;) {
    if (await hasPart(options.store, part.sha256, part.bytes)) {
      await rm(path, { force: true });
      count(part.bytes);
      return received;
    }
    const before = counted;
    try {
      const digest = await fetchRest(part, path, options, (bytes, fromNetwork) => {
        if (fromNetwork) received += bytes;
        count(bytes);
      });
      if (digest === part.sha256) {
        await admitPart(options.store, path, part.sha256, part.bytes);
        return received;
      }
      await rm(path, { force: true });
      if (wasCorrupt) throw corrupt(part);
      wasCorrupt = true;
    } catch (error) {
      if (!mayPass(error) || options.signal.aborted) throw error;
      // A server that ignores ranges and always breaks at the same place makes no progress.
      fruitless = counted > before ? 0 : fruitless + 1;
      const pause = PAUSES_MS[Math.max(0, fruitless - 1)];
      if (pause === undefined) throw error;
      await sleep(pause, undefined, { signal: options.signal });
    }
  }
}

/** Whether the same request may work in a moment: the network, a busy or failing server. */
function mayPass(error: unknown): boolean {
  if (isAgnesError(error, 'blob_corrupt', 'storage_full')) return false;
  if (isAgnesError(error, 'server_unreachable', 'download_incomplete', 'too_many_requests')) return true;
  if (!isAgnesError(error)) return false;
  const status = error.details.http_status;
  return error.status >= 500 || (typeof status === 'number' && status >= 500);
}

/** Fetches what the file lacks and returns the SHA-256 of the whole; the file is synced. */
async function fetchRest(
  part: MissingPart,
  path: string,
  { client, signal }: FetchOptions,
  onBytes: (bytes: number, fromNetwork: boolean) => void,
): Promise<string> {
  const there = (await sizeOf(path)) ?? 0;
  const start = there > part.bytes ? 0 : there;
  const file = await open(path, start === there && there > 0 ? 'r+' : 'w', 0o644);
  try {
    let hash = createHash('sha256');
    if (start > 0) await hashFile(path, hash);
    onBytes(start, false);
    if (start < part.bytes) {
      const response = await client.raw('getBlob', {
        params: { sha256: part.sha256 },
        headers: rangeFrom(part, start),
        signal,
      });
      const from = response.status === 206 ? start : 0;
      if (from !== start) {
        await file.truncate(0);
        hash = createHash('sha256');
      } else if (response.status === 206 && rangeStart(response) !== start) {
        await response.body?.cancel();
        throw corrupt(part);
      }
      await append(response, file, { part, from, hash, onBytes: (bytes) => onBytes(bytes, true) });
    }
    await file.sync();
    return hash.digest('hex');
  } finally {
    await file.close();
  }
}

function rangeFrom(part: MissingPart, start: number): Record<string, string> {
  const accept = { accept: '*/*', 'accept-encoding': 'identity' };
  return start === 0 ? accept : { ...accept, range: `bytes=${start}-`, 'if-range': `"${part.sha256}"` };
}

function rangeStart(response: Response): number | undefined {
  const match = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
  return match === null ? undefined : Number(match[1]);
}

interface Append {
  readonly part: MissingPart;
  readonly from: number;
  readonly hash: Hash;
  readonly onBytes: (bytes: number) => void;
}

async function append(response: Response, file: FileHandle, { part, from, hash, onBytes }: Append): Promise<void> {
  let position = from;
  for await (const chunks of readBody(response)) {
    let size = 0;
    for (const chunk of chunks) {
      hash.update(chunk);
      size += chunk.byteLength;
    }
    const { bytesWritten } = await file.writev(chunks, position);
    if (bytesWritten !== size) throw new AgnesError('storage_full', 'There is no space left for downloaded parts.');
    position += bytesWritten;
    onBytes(bytesWritten);
    if (position > part.bytes) return;
  }
  if (position < part.bytes) {
    throw new AgnesError('download_incomplete', `A download ended after ${position} of ${part.bytes} bytes.`, {
      hint: 'Run it again: agnes pull   (it goes on where it stopped)',
    });
  }
}

async function hashFile(path: string, hash: Hash): Promise<void> {
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
}

function corrupt(part: MissingPart): AgnesError {
  return new AgnesError('download_corrupt', `The part ${part.sha256.slice(0, 12)}… arrived with other bytes twice.`, {
    hint: 'Something between you and the server changes files, or the server’s disk does; tell whoever runs it.',
    details: { sha256: part.sha256, tables: part.tables },
  });
}
