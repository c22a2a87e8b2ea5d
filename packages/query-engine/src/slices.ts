import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { sizeOf } from '@agnes/durable-files';
import { AgnesError, isAgnesError } from '@agnes/errors';
import type { TablePolicy } from './policy-source.ts';
import type { WorkerTable } from './protocol.ts';
import { watchedSize } from './result-file.ts';
import { sliceCommand } from './slice-command.ts';
import type { WorkerPool } from './worker-pool.ts';

/** A slice: what people of one policy class see of a table's version, as a file that holds nothing else. */
export interface Slice {
  readonly path: string;
  /** It may be taken away from now on. */
  release(): void;
}

export interface Slices {
  /**
   * Gives the slice, or makes it; who asks for one that is being made waits for that one. Throws `policy_failed` (the policy
   * does not work on this data; nothing of either is in the error), `query_timeout`, `result_too_large`.
   */
  get(versionId: string, table: WorkerTable, policy: TablePolicy): Promise<Slice>;
}

export interface SlicesOptions {
  /** Workers that no caller's SQL ever runs in. */
  readonly pool: WorkerPool;
  readonly folder: string;
  /** Of all slices together; those that nobody used for the longest time go first. */
  readonly maxBytes: number;
  readonly deadlineMs: number;
  /** Told when a policy fails on real data. */
  readonly onPolicyFailed: (policy: TablePolicy, table: WorkerTable) => Promise<void>;
  readonly now?: () => number;
}

interface Kept {
  readonly path: string;
  readonly bytes: number;
  users: number;
}

/** A policy that failed is not tried again for so long. */
const FAILED_MS = 30_000;
const ENDING = '.parquet';

/** Slices that an earlier process finished are found again; what it left unfinished is removed. */
export async function openSlices(options: SlicesOptions): Promise<Slices> {
  const { pool, folder, maxBytes, deadlineMs, onPolicyFailed, now = Date.now } = options;
  /** The one that was used longest ago comes first. */
  const kept = await keptSlices(folder);
  const making = new Map<string, Promise<Kept>>();
  const failed = new Map<string, { readonly until: number; readonly error: AgnesError }>();

  const makeRoom = async (): Promise<void> => {
    let total = [...kept.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    for (const [name, slice] of kept) {
      if (total <= maxBytes) return;
      if (slice.users > 0) continue;
      kept.delete(name);
      total -= slice.bytes;
      await rm(slice.path, { force: true });
    }
  };

  /** Holds the slice, if there is one whose file is as it was written: not if somebody cleared it away, or a crash tore it. */
  const takeKept = async (name: string): Promise<Kept | undefined> => {
    const slice = kept.get(name);
    if (slice === undefined) return undefined;
    slice.users += 1;
    if ((await sizeOf(slice.path)) === slice.bytes) return slice;
    slice.users -= 1;
    if (kept.get(name) === slice) kept.delete(name);
    return undefined;
  };

  const make = async (name: string, table: WorkerTable, policy: TablePolicy): Promise<Kept> => {
    const path = join(folder, name);
    const unfinished = `${path}.${randomUUID()}.tmp`;
    try {
      const bytes = await pool.use(
        ({ ask, stop }) => {
          const command = sliceCommand(table, policy.branches, policy.caller, unfinished);
          return watchedSize(unfinished, maxBytes, () => ask(command, 'written'), stop);
        },
        { deadlineMs },
      );
      await rename(unfinished, path);
      // Held from the beginning, by whoever had it made: what nobody holds may go at any moment.
      const slice: Kept = { path, bytes, users: 1 };
      kept.set(name, slice);
      return slice;
    } finally {
      await rm(unfinished, { force: true });
    }
  };

  return {
    async get(versionId, table, policy) {
      const name = nameOf(versionId, policy.id);
      const before = failed.get(name);
      if (before !== undefined && before.until > now()) throw before.error;
      failed.delete(name);
      let used = await takeKept(name);
      if (used === undefined) {
        const own = !making.has(name);
        let made = making.get(name);
        if (made === undefined) {
          made = make(name, table, policy)
            .catch(async (error: unknown) => {
              if (!isAgnesError(error) || !isPolicyFault(error)) throw error;
              const told = policyFailed(table.name, error);
              failed.set(name, { until: now() + FAILED_MS, error: told });
              await onPolicyFailed(policy, table);
              throw told;
            })
            .finally(() => making.delete(name));
          making.set(name, made);
        }
        used = await made;
        if (!own) used.users += 1;
      }
      const { path } = used;
      // Deleted and set again: the first of a map is then the one that was used longest ago.
      kept.delete(name);
      kept.set(name, used);
      await makeRoom();
      const moment = new Date(now());
      utimes(path, moment, moment).catch(() => {
        // Only the order after a restart depends on it.
      });
      let held: Kept | undefined = used;
      return {
        path,
        release: () => {
          if (held !== undefined) held.users -= 1;
          held = undefined;
        },
      };
    },
  };
}

/** Neither of the names becomes a path: whatever they hold, the file lies in the folder. */
function nameOf(versionId: string, policyId: string): string {
  return `${createHash('sha256')
    .update(JSON.stringify([versionId, policyId]))
    .digest('hex')}${ENDING}`;
}

async function keptSlices(folder: string): Promise<Map<string, Kept>> {
  await mkdir(folder, { recursive: true });
  const found: { readonly name: string; readonly slice: Kept; readonly used: number }[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (!/^[0-9a-f]{64}\.parquet$/.test(name)) {
      await rm(path, { recursive: true, force: true });
      continue;
    }
    const { size, mtimeMs } = await stat(path);
    found.push({ name, slice: { path, bytes: size, users: 0 }, used: mtimeMs });
  }
  found.sort((a, b) => a.used - b.used);
  return new Map(found.map(({ name, slice }) => [name, slice]));
}

/** What the policy's own expressions bring about; not that the server is busy, out of disk, or lost a worker. */
export function isPolicyFault({ code }: AgnesError): boolean {
  return code === 'policy_failed' || code.startsWith('sql_');
}

function policyFailed(table: string, cause: AgnesError): AgnesError {
  return new AgnesError('policy_failed', `A rule for what you may see of '${table}' does not work on its data now.`, {
    hint: 'Nothing of the table is shown until an administrator has corrected the rule; it was recorded for them.',
    details: { table },
    cause,
  });
}
