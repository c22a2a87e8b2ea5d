import { AgnesError, isAgnesError, messageOf } from '@agnes/errors';
import { type State, type StateDatabase, schema } from '@agnes/state';
import { eq } from 'drizzle-orm';
import { type JobHandler, type JobOutcome, type JobProgress, statusOf, toOutcome, toProgress } from './job.ts';
import { createLogBuffer } from './job-log.ts';
import { type Claimed, errorOf, type Holder, held, renew } from './lease.ts';

const { jobs, jobLog } = schema;

/** How long log lines and progress wait for each other, so that a busy job does not flood the write queue. */
const FLUSH_MS = 500;

export interface Run {
  /** Settles when the job is finished, handed back or lost; never rejects. */
  readonly ended: Promise<void>;
  /** Asks the handler to end, because the job was cancelled. */
  cancel(): void;
  /** Asks the handler to end, because the server stops; the job goes back into its lane unless it is done. */
  stop(): void;
  /** Puts the job back into its lane although its handler has not ended. */
  abandon(): Promise<void>;
}

interface Setup {
  readonly state: State;
  readonly holder: Holder;
  readonly claimed: Claimed;
  readonly handler: JobHandler;
  /** For what a job cannot tell its readers: bugs, and a state that takes no writes. */
  readonly onError: (error: unknown, jobId: string) => void;
}

type Ending =
  | { readonly kind: 'done'; readonly outcome: JobOutcome }
  | { readonly kind: 'threw'; readonly error: unknown };

/** Runs one claimed job to its end. Each write renews the lease and is dropped when the lease is gone. */
export function runJob({ state, holder, claimed, handler, onError }: Setup): Run {
  const { job, lease } = claimed;
  const { now } = holder;
  const controller = new AbortController();
  const log = createLogBuffer(claimed.logPosition);
  let progress: JobProgress | undefined;
  let over = false;
  let timer: NodeJS.Timeout | undefined;

  /** False when the lease is gone. */
  const write = async (more: (tx: StateDatabase) => Promise<unknown> = async () => undefined): Promise<boolean> => {
    if (over) {
      return false;
    }
    const lines = log.take();
    const at = progress;
    progress = undefined;
    let renewed: Awaited<ReturnType<typeof renew>>;
    try {
      renewed = await state.write(async (tx) => {
        const lives = await renew(tx, holder, lease);
        if (lives === undefined) {
          return undefined;
        }
        if (lines.length > 0) {
          await tx.insert(jobLog).values(lines.map((line) => ({ ...line, job_id: job.id })));
        }
        if (at !== undefined) {
          await tx.update(jobs).set({ progress: at }).where(eq(jobs.id, job.id));
        }
        await more(tx);
        return lives;
      });
    } catch (error) {
      log.putBack(lines);
      progress ??= at;
      throw error;
    }
    if (renewed === undefined) {
      over = true;
      controller.abort(new AgnesError('job_lost', 'The job was given to another runner.'));
    } else if (renewed.cancelRequested) {
      cancel();
    }
    return renewed !== undefined;
  };

  const flush = async (): Promise<void> => {
    timer = undefined;
    try {
      await write();
    } catch (error) {
      onError(error, job.id);
    }
  };
  const flushSoon = (): void => {
    if (!over) {
      timer ??= setTimeout(() => void flush(), FLUSH_MS);
    }
  };
  const heartbeat = setInterval(() => void flush(), (holder.leaseSeconds * 1000) / 3);

  const cancel = (): void => {
    controller.abort(new AgnesError('job_cancelled', 'The job was cancelled.'));
  };

  const run = async (): Promise<Ending> => {
    try {
      const outcome = await handler(job, {
        signal: controller.signal,
        log(level, message) {
          log.add(now(), level, message);
          flushSoon();
        },
        progress(value) {
          try {
            progress = toProgress(value);
            flushSoon();
          } catch (error) {
            // A wrong number is no reason to fail the work.
            onError(error, job.id);
          }
        },
      });
      return { kind: 'done', outcome: toOutcome(outcome) };
    } catch (error) {
      return { kind: 'threw', error };
    }
  };

  const handBack = (): Promise<boolean> =>
    write((tx) =>
      tx
        .update(jobs)
        .set({
          status: 'queued',
          attempts: job.attempts - 1,
          progress: null,
          lease_owner: null,
          lease_expires_at: null,
        })
        .where(held(lease)),
    );

  const finish = (ending: Ending): Promise<boolean> => {
    if (ending.kind === 'threw' && isAgnesError(controller.signal.reason, 'unavailable')) {
      return handBack();
    }
    if (ending.kind === 'threw' && !controller.signal.aborted && !(ending.error instanceof AgnesError)) {
      onError(ending.error, job.id);
    }
    const cancelled = isAgnesError(controller.signal.reason, 'job_cancelled');
    log.finish(now());
    return write((tx) =>
      tx
        .update(jobs)
        .set({ ...resultOf(ending, cancelled), finished_at: now(), lease_owner: null, lease_expires_at: null })
        .where(held(lease)),
    );
  };

  const whole = async (): Promise<void> => {
    try {
      await finish(await run());
    } catch (error) {
      // The lease runs out and another start takes the job.
      onError(error, job.id);
    } finally {
      over = true;
      clearTimeout(timer);
      clearInterval(heartbeat);
    }
  };

  return {
    ended: whole(),
    cancel,
    stop: () => controller.abort(new AgnesError('unavailable', 'The server is stopping.')),
    async abandon() {
      await handBack();
      over = true;
    },
  };
}

function resultOf(ending: Ending, cancelled: boolean) {
  if (ending.kind === 'threw') {
    return cancelled ? { status: 'cancelled' } : { status: 'failed', error: errorOf(asAgnesError(ending.error)) };
  }
  const { outcome } = ending;
  const status = cancelled ? 'cancelled' : statusOf(outcome);
  const [first] = outcome.failed;
  if (status !== 'failed' || first === undefined) {
    return { status, outcome };
  }
  const { item, code, message, hint } = first;
  const count = outcome.failed.length;
  const text = count === 1 ? `${item}: ${message}` : `All ${count} failed; the first, ${item}: ${message}`;
  return { status, outcome, error: { code, message: text, ...(hint === undefined ? {} : { hint }) } };
}

function asAgnesError(error: unknown): AgnesError {
  return error instanceof AgnesError
    ? error
    : new AgnesError('internal_error', `The job failed in a way that was not expected: ${messageOf(error)}`, {
        hint: 'The server log has the whole error.',
      });
}
