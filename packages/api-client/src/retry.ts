import { setTimeout as sleep } from 'node:timers/promises';

export const TRIES = 3;
/** A server that asks for a longer pause is not waited for: the caller learns of it instead. */
const LONGEST_PAUSE_MS = 10_000;

/** How long to wait before the next try, in milliseconds; undefined when it is not worth waiting. `tried` starts at 1. */
export function pauseBefore(tried: number, retryAfter: string | null, now: number): number | undefined {
  if (tried >= TRIES) return undefined;
  const asked = retryAfter === null ? undefined : parseRetryAfter(retryAfter, now);
  const pause = asked ?? 100 * 2 ** tried;
  return pause <= LONGEST_PAUSE_MS ? pause : undefined;
}

/** Seconds, or a date (RFC 9110 §10.2.3), as milliseconds from `now`. */
function parseRetryAfter(text: string, now: number): number | undefined {
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
