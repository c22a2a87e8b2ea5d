import { AgnesError } from '@agnes/errors';
import { callerGone } from './lease.ts';

export interface AdmissionOptions {
  /** Queries that run at a time. */
  readonly slots: number;
  /** Queries of one person that run at a time; while there are several slots, one is always left for somebody else. */
  readonly perUser: number;
  /** Queries of one person that may wait. */
  readonly queuePerUser: number;
  /** Queries of everybody that may wait. */
  readonly queue: number;
  /** How long one may wait. */
  readonly waitMs: number;
}

/** Who may run a query now. People take turns, however many queries each has waiting. */
export interface Admission {
  /**
   * Resolves when a query of this person may run, with what ends its turn. Throws `concurrent_slot_exceeded` when too many
   * of theirs wait, `too_many_requests` when too many of everybody's do, and `unavailable` after waiting too long.
   */
  enter(userId: string, signal?: AbortSignal): Promise<() => void>;
  status(): { readonly running: number; readonly waiting: number };
}

interface Waiting {
  readonly start: () => void;
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { slots, queuePerUser, queue, waitMs } = options;
  const perUser = Math.min(options.perUser, Math.max(1, slots - 1));
  const running = new Map<string, number>();
  /** In the order of turns. */
  const waiting = new Map<string, Waiting[]>();
  let runningTotal = 0;
  let waitingTotal = 0;

  const count = (userId: string, change: 1 | -1): void => {
    const now = (running.get(userId) ?? 0) + change;
    if (now === 0) running.delete(userId);
    else running.set(userId, now);
    runningTotal += change;
  };
  const mayRun = (userId: string): boolean => runningTotal < slots && (running.get(userId) ?? 0) < perUser;

  const takeOut = (userId: string, entry: Waiting): void => {
    const own = waiting.get(userId);
    const index = own?.indexOf(entry) ?? -1;
    if (own === undefined || index < 0) return;
    own.splice(index, 1);
    waitingTotal -= 1;
    if (own.length === 0) waiting.delete(userId);
  };
  const next = (): void => {
    for (const [userId, own] of waiting) {
      const [entry] = own;
      if (entry === undefined || !mayRun(userId)) continue;
      takeOut(userId, entry);
      // To the end of the turns.
      if (own.length > 0) {
        waiting.delete(userId);
        waiting.set(userId, own);
      }
      entry.start();
    }
  };
  const start = (userId: string): (() => void) => {
    count(userId, 1);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      count(userId, -1);
      next();
    };
  };

  return {
    async enter(userId, signal) {
      if (signal?.aborted === true) throw callerGone();
      const own = waiting.get(userId) ?? [];
      if (own.length === 0 && mayRun(userId)) return start(userId);
      if (own.length >= queuePerUser)
        throw ownQueueFull(own.length + (running.get(userId) ?? 0), perUser + queuePerUser);
      if (waitingTotal >= queue) throw queueFull(waitingTotal);
      return new Promise((resolve, reject) => {
        const done = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', abort);
        };
        const entry: Waiting = {
          start: () => {
            done();
            resolve(start(userId));
          },
        };
        const leave = (error: AgnesError): void => {
          takeOut(userId, entry);
          done();
          reject(error);
        };
        const abort = (): void => leave(callerGone());
        const timer = setTimeout(() => leave(waitedTooLong(waitMs)), waitMs);
        signal?.addEventListener('abort', abort);
        own.push(entry);
        waitingTotal += 1;
        waiting.set(userId, own);
      });
    },
    status: () => ({ running: runningTotal, waiting: waitingTotal }),
  };
}

const RETRY_SECONDS = 5;

function ownQueueFull(current: number, limit: number): AgnesError {
  return new AgnesError('concurrent_slot_exceeded', `${current} queries of yours run or wait already.`, {
    hint: 'Wait for them, or ask for more in one statement.',
    details: {
      reason: 'concurrent_slot_exceeded',
      kind: 'concurrent_queries',
      current,
      limit,
      retry_after_seconds: RETRY_SECONDS,
    },
  });
}

function queueFull(waiting: number): AgnesError {
  return new AgnesError('too_many_requests', `${waiting} queries wait already.`, {
    hint: 'Try again in a moment.',
    details: { retry_after_seconds: RETRY_SECONDS },
  });
}

function waitedTooLong(waitMs: number): AgnesError {
  return new AgnesError(
    'unavailable',
    `The query waited ${waitMs / 1000} s for its turn, and the server is still busy.`,
    {
      hint: 'Try again in a moment.',
      details: { retry_after_seconds: RETRY_SECONDS },
    },
  );
}
