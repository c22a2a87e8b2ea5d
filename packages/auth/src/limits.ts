import { AgnesError } from '@agnes/errors';
import type { State, StateDatabase } from '@agnes/state';
import { attemptKey, forgetAttempts, needsSweep, readAttempts, sweepAttempts, writeAttempts } from './attempts.ts';

/** How often each thing may be done in a window, for each subject: an address, an account or a person. */
const BUCKETS = {
  sign_in_address: { most: 30, seconds: 60 },
  sign_in_account: { most: 50, seconds: 3600 },
  bootstrap: { most: 10, seconds: 60 },
  device_start: { most: 10, seconds: 60 },
  device_code: { most: 10, seconds: 600 },
  mail_address: { most: 5, seconds: 60 },
  mail_account: { most: 5, seconds: 900 },
  one_time_token: { most: 10, seconds: 60 },
  oidc_start: { most: 30, seconds: 60 },
} as const satisfies Record<string, Bucket>;

interface Bucket {
  readonly most: number;
  readonly seconds: number;
}

export type BucketName = keyof typeof BUCKETS;

/** Limits on what anybody can try. They are in the state, so a restart forgets none. */
export interface Limits {
  readonly enabled: boolean;
  /**
   * Counts one attempt, before it is made. Throws `too_many_requests` when the window is full; that one is not counted, so
   * a window ends however long somebody keeps trying.
   */
  count(bucket: BucketName, subject: string): Promise<void>;
  /** Takes one attempt back, after one that was right. */
  giveBack(tx: StateDatabase, bucket: BucketName, subject: string): Promise<void>;
  /** Forgets the attempts of a subject. */
  forget(tx: StateDatabase, bucket: BucketName, subject: string): Promise<void>;
  /** Removes the rows of windows that are over. */
  sweep(): Promise<void>;
}

interface Options {
  readonly state: State;
  readonly now: () => Date;
  readonly enabled: boolean;
}

const MOST_ROWS = 50_000;
const MOST_REMEMBERED = 10_000;
/** Rows that may be added before somebody looks how many there are. */
const SWEEP_AFTER = 5000;

export function createLimits({ state, now, enabled }: Options): Limits {
  /** Until when which full windows are full, so that whoever keeps trying costs the state nothing. */
  const full = new Map<string, number>();
  let added = 0;

  const sweep = async (): Promise<void> => {
    added = 0;
    if (await needsSweep(state.db, now(), MOST_ROWS)) {
      await state.write((tx) => sweepAttempts(tx, now(), MOST_ROWS));
    }
  };

  return {
    enabled,
    sweep,
    async count(bucket, subject) {
      if (!enabled) return;
      const key = attemptKey(bucket, subject);
      const { most, seconds } = BUCKETS[bucket];
      const held = full.get(key);
      if (held !== undefined && held > now().getTime()) throw tooMany(held - now().getTime());
      full.delete(key);
      const endsAt = await state.write(async (tx) => {
        const at = now();
        const row = await readAttempts(tx, key, at);
        if (row !== undefined && row.count >= most) return row.window_ends_at;
        if (row === undefined) added += 1;
        const window_ends_at = row?.window_ends_at ?? new Date(at.getTime() + seconds * 1000);
        await writeAttempts(tx, { key, count: (row?.count ?? 0) + 1, window_ends_at });
        return undefined;
      });
      if (added > SWEEP_AFTER) await sweep();
      if (endsAt === undefined) return;
      if (full.size >= MOST_REMEMBERED) full.clear();
      full.set(key, endsAt.getTime());
      throw tooMany(endsAt.getTime() - now().getTime());
    },
    async giveBack(tx, bucket, subject) {
      if (!enabled) return;
      const key = attemptKey(bucket, subject);
      full.delete(key);
      const row = await readAttempts(tx, key, now());
      if (row !== undefined) await writeAttempts(tx, { ...row, count: Math.max(0, row.count - 1) });
    },
    async forget(tx, bucket, subject) {
      const key = attemptKey(bucket, subject);
      full.delete(key);
      await forgetAttempts(tx, key);
    },
  };
}

/** The answer to one attempt too many. */
export function tooMany(waitMs: number): AgnesError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new AgnesError('too_many_requests', 'There were too many attempts in a short time.', {
    hint: `Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`,
    details: { retry_after_seconds: seconds },
  });
}
