import { isAgnesError } from '@agnes/errors';
import type { AuditTrail } from '../audit-trail.ts';

/** A file, or a piece of one, that is about to be sent. */
export interface Download {
  readonly userId: string;
  readonly credentialId: string;
  readonly ip: string | null;
  readonly tableId: string;
  /** Bytes of the answer. */
  readonly bytes: number;
}

/**
 * Counts downloads: one entry `data.download` for each credential, table and minute, because a pull fetches thousands of
 * parts. What is counted and not noted yet is lost by a `kill -9`: at most the current minute's.
 */
export interface Downloads {
  /** Throws `audit_unavailable` when the trail takes nothing and as much is counted as may be. */
  count(download: Download): void;
  /** Notes everything that was counted; to be called before the trail is settled. */
  close(): void;
}

interface Tally extends Download {
  readonly at: number;
  parts: number;
  sum: number;
}

const MINUTE_MS = 60_000;
const MOST = 10_000;

export function countDownloads(trail: AuditTrail): Downloads {
  const tallies = new Map<string, Tally>();
  let timer: NodeJS.Timeout | undefined;

  const noteAll = (): void => {
    for (const [key, { userId, credentialId, ip, tableId, parts, sum, at }] of tallies) {
      const durationMs = Date.now() - at;
      const params = { parts, bytes: sum };
      trail.note({
        userId,
        action: 'data.download',
        resource: `table:${tableId}`,
        params,
        ip,
        credentialId,
        durationMs,
      });
      tallies.delete(key);
    }
  };
  const schedule = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      try {
        noteAll();
      } catch (error) {
        // The trail is full: what is counted stays counted, and the bound of `count` holds.
        if (!isFull(error)) throw error;
        schedule();
      }
    }, MINUTE_MS);
    timer.unref();
  };
  return {
    count(download) {
      const key = JSON.stringify([download.credentialId, download.tableId]);
      let tally = tallies.get(key);
      if (tally === undefined) {
        if (tallies.size >= MOST) noteAll();
        tally = { ...download, at: Date.now(), parts: 0, sum: 0 };
        tallies.set(key, tally);
      }
      tally.parts += 1;
      tally.sum += download.bytes;
      schedule();
    },
    close() {
      clearTimeout(timer);
      noteAll();
    },
  };
}

const isFull = (error: unknown): boolean => isAgnesError(error, 'audit_unavailable');
