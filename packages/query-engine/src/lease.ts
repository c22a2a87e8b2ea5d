import { AgnesError } from '@agnes/errors';
import type { Ask, WorkerProcess } from './worker-process.ts';

/** A worker for one piece of work. */
export interface Lease {
  readonly ask: Ask;
  /** Kills the worker; the work throws this. */
  stop(error: AgnesError): void;
}

/**
 * Does a piece of work with a worker, until the deadline or until the caller goes away: the worker is then killed, and this
 * throws at once, whatever the work waits for.
 */
export async function leaseWorker<T>(
  worker: WorkerProcess,
  work: (lease: Lease) => Promise<T>,
  deadlineMs: number,
  signal: AbortSignal | undefined,
): Promise<T> {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  stopped.catch(() => {});
  const stop = (error: AgnesError): void => {
    // First, so that this is the reason and not the death that follows.
    reject(error);
    worker.kill();
  };
  const timer = setTimeout(() => stop(timedOut(deadlineMs)), deadlineMs);
  const leave = (): void => stop(callerGone());
  signal?.addEventListener('abort', leave);
  if (signal?.aborted === true) leave();
  try {
    return await Promise.race([stopped, work({ ask: worker.ask, stop })]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', leave);
  }
}

export function callerGone(): AgnesError {
  return new AgnesError('query_failed', 'The query was stopped because its caller went away.');
}

function timedOut(deadlineMs: number): AgnesError {
  return new AgnesError('query_timeout', `The query took longer than ${deadlineMs / 1000} s and was stopped.`, {
    hint: 'Ask for less: fewer rows, fewer columns, or a filter.',
    details: { limit_seconds: deadlineMs / 1000 },
  });
}
