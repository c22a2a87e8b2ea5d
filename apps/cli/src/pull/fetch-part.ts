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
  /** How long a server may say nothing. */
  readonly stallMs: number;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** Pauses before the tries that follow one without progress. */
const PAUSES_MS = [300, 1000, 3000];
/** What a try has to bring to count as progress, unless it brings the end. */
const PROGRESS_BYTES = 16 * 1024;

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
      if (isWrongRange(error) && !wasCorrupt) {
        await rm(path, { force: true });
        wasCorrupt = true;
        continue;
      }
      if (!mayPass(error) || options.signal.aborted) throw error;
      // A server that ignores ranges and always breaks at the same place makes no progress.
      fruitless = counted - before >= PROGRESS_BYTES ? 0 : fruitless + 1;
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

/** A server, or what stands before it, that answers a resumed download wrongly may still give the whole file. */
function isWrongRange(error: unknown): boolean {
  return (
    isAgnesError(error) &&
    (error.code === 'range_not_satisfiable' ||
      error.details.http_status === 416 ||
      error.details.asked_from !== undefined)
  );
}

/** Fetches what the file lacks and returns the SHA-256 of the whole; the file is synced. */
async function fetchRest(
  part: MissingPart,
  path: string,
  { client, signal, stallMs }: FetchOptions,
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
      await expectPart(response, part, from);
      if (from !== start) {
        await file.truncate(0);
        hash = createHash('sha256');
      }
      await append(response, file, { part, from, hash, stallMs, onBytes: (bytes) => onBytes(bytes, true) });
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

/** Refuses by its headers an answer that cannot be the part from `from` on, before any of it is written. */
async function expectPart(response: Response, part: MissingPart, from: number): Promise<void> {
  const { headers, status } = response;
  const range = headers.get('content-range');
  const begins = /^bytes (\d+)-/.exec(range ?? '')?.[1];
  if (status === 206 && Number(begins ?? Number.NaN) !== from) {
    await response.body?.cancel();
    throw new AgnesError(
      'server_error',
      `Asked for a file from byte ${from} on, the server sent ${range ?? 'no range'}.`,
      {
        hint: 'Something between you and the server does not handle ranges: ask whoever runs the server.',
        details: { asked_from: from, sha256: part.sha256 },
      },
    );
  }
  const type = headers.get('content-type')?.split(';')[0] ?? 'no content type';
  const length = headers.get('content-length') ?? (type === 'text/html' ? 'a page' : null);
  const expected = part.bytes - from;
  // What is compressed on the way says its compressed length.
  if (length === null || headers.has('content-encoding') || Number(length) === expected) return;
  await response.body?.cancel();
  throw new AgnesError('server_error', `Instead of ${expected} bytes of a file came ${length} (${type}).`, {
    hint: 'Something between you and the server answers in its place, such as the sign-in of a network: open the address of the server in a browser.',
    details: { sha256: part.sha256, tables: part.tables, ...(from > 0 ? { asked_from: from } : {}) },
  });
}

interface Append {
  readonly part: MissingPart;
  readonly from: number;
  readonly hash: Hash;
  readonly stallMs: number;
  readonly onBytes: (bytes: number) => void;
}

async function append(response: Response, file: FileHandle, options: Append): Promise<void> {
  const { part, from, hash, stallMs, onBytes } = options;
  let position = from;
  for await (const chunks of readBody(response, stallMs)) {
    let size = 0;
    for (const chunk of chunks) {
      hash.update(chunk);
      size += chunk.byteLength;
    }
    const { bytesWritten } = await file.writev(chunks, position);
    if (bytesWritten !== size) {
      throw new AgnesError('storage_full', 'There is no space left for downloaded parts.', {
        hint: 'Free some space and run it again: agnes pull   (it goes on where it stopped)',
      });
    }
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
