import { AsyncLocalStorage } from 'node:async_hooks';
import { type State, schema } from '@agnes/state';
import { and, eq, inArray } from 'drizzle-orm';
import type { JobHandler } from './job.ts';
import { claim, giveBack, type Holder, listLost, newOwner } from './lease.ts';
import { type Run, runJob } from './run-job.ts';

export interface RunnerOptions {
  /** By kind. Jobs of other kinds stay queued. */
  readonly handlers: Readonly<Record<string, JobHandler>>;
  /** How many jobs run at a time; default 4. */
  readonly concurrency?: number;
  /** After how long without a sign of life a job counts as lost; default 60. */
  readonly leaseSeconds?: number;
  /** How often to look for work that nobody announced; default 5. */
  readonly pollSeconds?: number;
  /** Told of bugs in handlers and of writes that failed. Default: a process warning. */
  readonly onError?: (error: unknown, jobId: string | undefined) => void;
}

export interface JobRunner {
  /**
   * Takes no more jobs, waits for those that run, then asks them to end and puts those that do not finish back into their
   * lanes. `graceSeconds` (default 10) is how long it waits before it asks; then it waits 5 more.
   */
  stop(options?: { readonly graceSeconds?: number }): Promise<void>;
}

export interface Wakeable {
  readonly runner: JobRunner;
  wake(): void;
  /** Whether the job runs here. */
  cancel(id: string): boolean;
}

const AFTER_ABORT_SECONDS = 5;

export function startRunner(
  state: State,
  now: () => Date,
  { handlers, concurrency = 4, leaseSeconds = 60, pollSeconds = 5, onError = warn }: RunnerOptions,
): Wakeable {
  const holder: Holder = { owner: newOwner(), leaseSeconds, now };
  const kinds = Object.keys(handlers);
  const active = new Map<string, Run>();
  // A wake comes from whatever enqueued, maybe from inside a write; the pump must not believe to be inside one.
  const outside = AsyncLocalStorage.snapshot();
  let stopping = false;
  let pumping: Promise<void> | undefined;
  let again = false;

  const recover = async (): Promise<void> => {
    const lost = await listLost(state.db, now(), [...active.keys()]);
    if (lost.length > 0) {
      await state.write(async (tx) => {
        for (const id of lost) {
          await giveBack(tx, id, now());
        }
      });
    }
  };

  const start = async (): Promise<void> => {
    const room = concurrency - active.size;
    if (stopping || room <= 0 || !(await anyQueued())) {
      return;
    }
    for (const claimed of await state.write((tx) => claim(tx, holder, kinds, room))) {
      const { id, kind } = claimed.job;
      const handler = handlers[kind];
      if (handler === undefined) {
        throw new Error(`There is no handler for jobs of kind ${kind}.`);
      }
      const run = runJob({ state, holder, claimed, handler, onError });
      active.set(id, run);
      void run.ended.then(() => {
        active.delete(id);
        wake();
      });
    }
  };

  const anyQueued = async (): Promise<boolean> => {
    const { jobs } = schema;
    const waiting = and(eq(jobs.status, 'queued'), inArray(jobs.kind, kinds));
    return kinds.length > 0 && (await state.db.select({ id: jobs.id }).from(jobs).where(waiting).limit(1)).length > 0;
  };

  const pump = async (): Promise<void> => {
    try {
      do {
        again = false;
        await start();
      } while (again && !stopping);
    } catch (error) {
      onError(error, undefined);
    } finally {
      pumping = undefined;
    }
  };
  const wake = (): void => {
    if (pumping) {
      again = true;
    } else if (!stopping) {
      pumping = outside(pump);
    }
  };

  const look = async (): Promise<void> => {
    try {
      await recover();
    } catch (error) {
      onError(error, undefined);
    }
    wake();
  };
  let looking = look();
  const poll = setInterval(() => {
    looking = looking.then(look);
  }, pollSeconds * 1000);
  poll.unref();

  const stop = async ({ graceSeconds = 10 }: { readonly graceSeconds?: number } = {}): Promise<void> => {
    stopping = true;
    clearInterval(poll);
    await looking;
    await pumping;
    if (!(await endWithin(active, graceSeconds))) {
      for (const run of active.values()) {
        run.stop();
      }
      if (!(await endWithin(active, AFTER_ABORT_SECONDS))) {
        await Promise.all([...active.values()].map((run) => run.abandon()));
      }
    }
  };

  return {
    wake,
    cancel(id) {
      const run = active.get(id);
      run?.cancel();
      return run !== undefined;
    },
    runner: { stop },
  };
}

/** Whether all of them ended within that time. */
async function endWithin(active: ReadonlyMap<string, Run>, seconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), seconds * 1000);
  });
  const all = Promise.all([...active.values()].map((run) => run.ended)).then(() => true);
  try {
    return await Promise.race([all, late]);
  } finally {
    clearTimeout(timer);
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}
