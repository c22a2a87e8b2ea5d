import type { State, StateDatabase } from '@agnes/state';
import { addressGroup } from './address-group.ts';
import { attemptKey, forgetAttempts, readAttempts, writeAttempts } from './attempts.ts';
import { type Limits, tooMany } from './limits.ts';
import { knownAddress } from './session-rows.ts';
import type { Peer } from './ways-in.ts';

/** Wrong passwords of one account from one address before it has to pause. */
const FREE = 10;
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 15 * 60_000;
/** A series of failures is over after a day without one. */
const FORGOTTEN_MS = 24 * 3_600_000;

/**
 * What stands between a password and whoever guesses it, by account and address:
 *
 * - An address may make 30 sign-ins a minute, for whatever accounts; right ones do not count.
 * - After ten wrong passwords in a row, an address has to pause before it tries that account again: a minute, and twice as
 *   long after each further one, a quarter of an hour at most. Other addresses notice nothing.
 * - After 50 attempts in an hour from anywhere, an account takes no password any more until the hour is over, but from
 *   addresses from which the person signed in within 30 days. Refused attempts count nowhere, so every pause ends.
 *
 * Sessions and tokens are not asked, so nobody is put out of one. A person in a new place whose account is being attacked
 * from many addresses still gets in by mail, by their identity provider, or from a browser where they are signed in.
 */
export interface LockOut {
  /** Counts an attempt, before the password is looked at. Throws `too_many_requests`. */
  begin(account: string, peer: Peer): Promise<void>;
  /** Forgets it, in the transaction that lets the person in. */
  succeeded(tx: StateDatabase, account: string, peer: Peer): Promise<void>;
  /** Lifts every pause of an account: somebody set a new password for it. */
  lift(tx: StateDatabase, account: string): Promise<void>;
}

interface Options {
  readonly state: State;
  readonly limits: Limits;
  readonly now: () => Date;
}

export function createLockOut({ state, limits, now }: Options): LockOut {
  const pairKey = (account: string, peer: Peer): string => attemptKey('lock_out', account, addressGroup(peer.ip));

  const pauseOf = async (db: StateDatabase, key: string): Promise<{ failures: number; waitMs: number }> => {
    const at = now();
    const row = await readAttempts(db, key, at);
    const failures = row?.count ?? 0;
    const last = (row?.window_ends_at.getTime() ?? 0) - FORGOTTEN_MS;
    return { failures, waitMs: last + pauseAfter(failures) - at.getTime() };
  };
  const writeFailures = async (tx: StateDatabase, key: string, count: number): Promise<void> => {
    if (count === 0) await forgetAttempts(tx, key);
    else await writeAttempts(tx, { key, count, window_ends_at: new Date(now().getTime() + FORGOTTEN_MS) });
  };

  return {
    async begin(account, peer) {
      if (!limits.enabled) return;
      await limits.count('sign_in_address', addressGroup(peer.ip));
      const key = pairKey(account, peer);
      // Looked at without a write first: whoever keeps trying through a pause costs the state nothing.
      const before = await pauseOf(state.db, key);
      if (before.waitMs > 0) throw tooMany(before.waitMs);
      const { waitMs } = await state.write(async (tx) => {
        const pause = await pauseOf(tx, key);
        // As a failure until it turns out not to be one, so that many at once are not many tries.
        if (pause.waitMs <= 0) await writeFailures(tx, key, pause.failures + 1);
        return pause;
      });
      if (waitMs > 0) throw tooMany(waitMs);
      if (await knownAddress(state.db, account, peer, now())) return;
      try {
        await limits.count('sign_in_account', account);
      } catch (error) {
        await state.write((tx) => writeFailures(tx, key, before.failures));
        throw error;
      }
    },
    async succeeded(tx, account, peer) {
      if (!limits.enabled) return;
      await limits.giveBack(tx, 'sign_in_address', addressGroup(peer.ip));
      await limits.giveBack(tx, 'sign_in_account', account);
      await forgetAttempts(tx, pairKey(account, peer));
    },
    async lift(tx, account) {
      await limits.forget(tx, 'sign_in_account', account);
      await forgetAttempts(tx, attemptKey('lock_out', account));
    },
  };
}

/** How long to wait after that many failures in a row. */
function pauseAfter(failures: number): number {
  if (failures < FREE) return 0;
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - FREE, 10));
}
