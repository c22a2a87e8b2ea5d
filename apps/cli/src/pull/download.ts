import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@agnes/api-client';
import { sizeOf } from '@agnes/durable-files';
import { AgnesError, type ErrorCode, isAgnesError } from '@agnes/errors';
import pLimit from 'p-limit';
import { toAgnesError } from '../output/to-agnes-error.ts';
import { fetchPart } from './fetch-part.ts';
import type { MissingPart } from './plan.ts';
import type { Intake, Store } from './store.ts';

export interface DownloadOptions {
  readonly client: Client;
  readonly store: Store;
  readonly intake: Intake;
  /** How many parts at a time. */
  readonly parallel: number;
  /** Called with the bytes that have arrived, or were there already. */
  readonly onBytes: (bytes: number) => void;
}

export interface Downloaded {
  readonly files: number;
  /** Bytes that crossed the network. */
  readonly bytes: number;
  /** Parts that did not arrive, by hash. */
  readonly failed: ReadonlyMap<string, AgnesError>;
}

/** Errors that every other part would meet too: the pull ends with them. */
const FATAL: readonly ErrorCode[] = [
  'unauthenticated',
  'invalid_credentials',
  'account_deactivated',
  'server_unreachable',
  'storage_full',
  'path_not_writable',
  'internal_cli_error',
];

/**
 * Brings parts into the store, several at a time, each verified before it is there. A part that fails leaves the others
 * alone; throws what would fail them all. What has arrived stays for the next pull in either case.
 */
export async function downloadParts(parts: readonly MissingPart[], options: DownloadOptions): Promise<Downloaded> {
  await expectSpace(parts, options);
  const limit = pLimit(Math.max(1, options.parallel));
  const stop = new AbortController();
  const failed = new Map<string, AgnesError>();
  let [files, bytes] = [0, 0];
  let fatal: AgnesError | undefined;

  const one = async (part: MissingPart): Promise<void> => {
    if (stop.signal.aborted) return;
    try {
      const received = await fetchPart(part, { ...options, signal: stop.signal });
      bytes += received;
      files += 1;
    } catch (thrown) {
      if (stop.signal.aborted) return;
      const error = toAgnesError(thrown);
      if (isAgnesError(error, ...FATAL)) {
        fatal = error;
        stop.abort();
      } else {
        failed.set(part.sha256, error);
      }
    }
  };
  await Promise.all(parts.map((part) => limit(() => one(part))));
  if (fatal !== undefined) throw fatal;
  return { files, bytes, failed };
}

/** A disk that is too small is told at once, and not after an hour. */
async function expectSpace(parts: readonly MissingPart[], { store, intake }: DownloadOptions): Promise<void> {
  let needed = 0;
  for (const { sha256, bytes } of parts) {
    needed += Math.max(0, bytes - ((await sizeOf(join(intake.folder, `${sha256}.part`))) ?? 0));
  }
  const { bavail, bsize } = await statfs(store.root);
  if (needed <= bavail * bsize) return;
  throw new AgnesError(
    'storage_full',
    `The tables need ${needed} bytes, and ${store.root} has room for ${bavail * bsize}.`,
    { hint: 'Free some space, or put the store on another disk by setting XDG_CACHE_HOME.' },
  );
}
