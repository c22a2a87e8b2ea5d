import { AgnesError } from '@agnes/errors';

export interface AttemptLimit {
  /** Counts an attempt. Throws `too_many_requests` when there were too many in the last minute. */
  count(key: string): void;
  /** Forgets the attempts, after one that was right. */
  forget(key: string): void;
}

const WINDOW_MS = 60_000;
const MAX_KEYS = 10_000;

/** At most `perMinute` attempts for each key. Held in memory: a restart forgets it. */
export function createAttemptLimit(perMinute: number, now: () => Date): AttemptLimit {
  const windows = new Map<string, { count: number; endsAt: number }>();

  const makeRoom = (time: number): void => {
    for (const [key, { endsAt }] of windows) if (endsAt <= time) windows.delete(key);
    // A flood of keys pushes out the oldest ones, and never grows without end.
    for (const key of windows.keys()) {
      if (windows.size < MAX_KEYS) break;
      windows.delete(key);
    }
  };

  return {
    count(key) {
      const time = now().getTime();
      let window = windows.get(key);
      if (window === undefined || window.endsAt <= time) {
        windows.delete(key);
        if (windows.size >= MAX_KEYS) makeRoom(time);
        window = { count: 0, endsAt: time + WINDOW_MS };
        windows.set(key, window);
      }
      window.count += 1;
      if (window.count > perMinute) {
        const seconds = Math.max(1, Math.ceil((window.endsAt - time) / 1000));
        throw new AgnesError('too_many_requests', 'There were too many attempts in the last minute.', {
          hint: `Try again in ${seconds} seconds.`,
          details: { retry_after_seconds: seconds },
        });
      }
    },
    forget: (key) => void windows.delete(key),
  };
}
