import { availableParallelism, tmpdir } from 'node:os';
import { AgnesError, isAgnesError } from '@agnes/errors';
import { bytesOf } from './bytes.ts';
import { callerGone, type Lease, leaseWorker } from './lease.ts';
import { type SpawnSettings, startWorker, type WorkerProcess } from './worker-process.ts';

export interface WorkerPoolOptions {
  /** Workers that work at a time. Default 2. */
  readonly size?: number;
  /** Idle workers that are kept ready. Default 1. */
  readonly spare?: number;
  /** DuckDB's memory in each worker, for example `512MB` (the default). The process may have 1 GB more. */
  readonly memoryLimit?: string;
  readonly threads?: number;
  /** Workers keep what they spill in folders in it. Default: the system's temporary folder. */
  readonly tempRoot?: string;
  /** What operators may spill, for example `4GB` (the default). */
  readonly maxTempSize?: string;
  /** From the moment that a worker takes the work. Default 10 s. */
  readonly deadlineMs?: number;
  /** How long work may wait for a worker. Default 10 s. */
  readonly waitMs?: number;
  /** A worker is replaced after so many pieces of work. Default 200. */
  readonly requestsPerWorker?: number;
  /** Work that may wait for a worker; more is refused. Default 100. */
  readonly queueLimit?: number;
}

export interface UseOptions {
  readonly deadlineMs?: number;
  /** Ends the work, with its worker. */
  readonly signal?: AbortSignal | undefined;
  /** Whose work it is: theirs goes to the worker that did some of it last, when that is free. */
  readonly user?: string;
}

/** Workers that read files in sandboxed processes. What happens in one never reaches the server or another request. */
export interface WorkerPool extends AsyncDisposable {
  /**
   * Gives `work` a worker that has a database for it. At the deadline, or when the caller goes away, the worker is killed and this
   * throws, whatever `work` is waiting for. Throws `query_failed`, `query_timeout`, what a worker has to say, and when too
   * much waits already `too_many_requests` or `unavailable`. A worker that died is replaced.
   */
  use<T>(work: (lease: Lease) => Promise<T>, options?: UseOptions): Promise<T>;
  /** How many processes there are, how many of them are idle, and how much work waits. */
  status(): { readonly workers: number; readonly idle: number; readonly waiting: number };
  /** Their process ids, for tests and for whoever looks at the machine. */
  pids(): number[];
  close(): Promise<void>;
}

interface Waiting {
  readonly start: (worker: WorkerProcess) => void;
  readonly refuse: (error: AgnesError) => void;
}

const IDLE_MS = 60_000;

/** Starts the spare workers at once. Throws a plain Error for a `memoryLimit` that is no size. */
export function createWorkerPool(options: WorkerPoolOptions = {}): WorkerPool {
  const { size = 2, spare = 1, deadlineMs = 10_000, waitMs = 10_000 } = options;
  const { requestsPerWorker = 200, queueLimit = 100 } = options;
  const memoryLimit = options.memoryLimit ?? '512MB';
  const settings: SpawnSettings = {
    memoryLimit,
    threads: options.threads ?? Math.min(4, availableParallelism()),
    residentBytes: bytesOf(memoryLimit) + 1024 ** 3,
    tempRoot: options.tempRoot ?? tmpdir(),
    maxTempSize: options.maxTempSize ?? '4GB',
  };
  const workers = new Set<WorkerProcess>();
  /** The one that has been idle longest comes first. */
  const idle: WorkerProcess[] = [];
  const lastUser = new WeakMap<WorkerProcess, string | undefined>();
  const waiting: Waiting[] = [];
  let closed = false;
  let shrink: NodeJS.Timeout | undefined;

  const add = (): void => {
    const worker = startWorker(settings);
    workers.add(worker);
    worker.ready.then(
      () => release(worker),
      (error: unknown) => {
        remove(worker);
        // Whoever waits longest learns why; the next one tries again.
        waiting.shift()?.refuse(asFailure(error));
        if (waiting.length > 0) fill();
      },
    );
  };
  const remove = (worker: WorkerProcess): void => {
    workers.delete(worker);
    const index = idle.indexOf(worker);
    if (index >= 0) idle.splice(index, 1);
    void worker.end();
  };
  const release = (worker: WorkerProcess): void => {
    if (closed) return;
    if (!worker.alive || worker.served >= requestsPerWorker) {
      remove(worker);
      fill();
      return;
    }
    const next = waiting.shift();
    if (next === undefined) {
      idle.push(worker);
      shrinkLater();
    } else next.start(worker);
  };
  /** Enough workers for what waits and for the spares, and no more than may work at a time. */
  const fill = (): void => {
    if (closed) return;
    const busy = workers.size - idle.length;
    const wanted = Math.min(size, Math.max(busy, waiting.length) + spare);
    while (workers.size < wanted) add();
  };
  const shrinkLater = (): void => {
    shrink ??= setTimeout(() => {
      shrink = undefined;
      while (idle.length > spare) {
        const [oldest] = idle;
        if (oldest !== undefined) remove(oldest);
      }
    }, IDLE_MS).unref();
  };

  const takeIdle = (user: string | undefined): WorkerProcess | undefined => {
    for (const worker of idle.filter(({ alive }) => !alive)) remove(worker);
    const known = user === undefined ? -1 : idle.findLastIndex((worker) => lastUser.get(worker) === user);
    return idle.splice(Math.max(known, 0), 1)[0];
  };

  const acquire = ({ user, signal }: UseOptions): Promise<WorkerProcess> =>
    new Promise((resolve, reject) => {
      const free = takeIdle(user);
      if (free !== undefined) {
        resolve(free);
        fill();
        return;
      }
      if (waiting.length >= queueLimit) {
        reject(
          new AgnesError('too_many_requests', `${waiting.length} queries wait already.`, {
            hint: 'Try again in a moment.',
            details: { retry_after_seconds: 5 },
          }),
        );
        return;
      }
      const leave = (error: AgnesError): void => {
        const index = waiting.indexOf(entry);
        if (index >= 0) waiting.splice(index, 1);
        entry.refuse(error);
      };
      const abort = (): void => leave(callerGone());
      const timer = setTimeout(
        () => leave(new AgnesError('unavailable', 'All query workers are busy.', { hint: 'Try again in a moment.' })),
        waitMs,
      );
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      const entry: Waiting = {
        start: (worker) => {
          done();
          resolve(worker);
        },
        refuse: (error) => {
          done();
          reject(error);
        },
      };
      waiting.push(entry);
      signal?.addEventListener('abort', abort);
      if (signal?.aborted === true) abort();
      fill();
    });

  const close = async (): Promise<void> => {
    closed = true;
    clearTimeout(shrink);
    for (const entry of waiting.splice(0)) entry.refuse(stopping());
    await Promise.all([...workers].map((worker) => worker.end()));
    workers.clear();
    idle.length = 0;
  };

  fill();
  return {
    async use(work, use = {}) {
      if (closed) throw stopping();
      const worker = await acquire(use);
      lastUser.set(worker, use.user);
      try {
        return await leaseWorker(worker, work, use.deadlineMs ?? deadlineMs, use.signal);
      } finally {
        worker.finish();
        // Fresh for the next one, or gone: either way the caller need not wait for it.
        worker.ready.then(
          () => release(worker),
          () => {
            remove(worker);
            fill();
          },
        );
      }
    },
    status: () => ({ workers: workers.size, idle: idle.length, waiting: waiting.length }),
    pids: () => [...workers].flatMap(({ pid }) => pid ?? []),
    close,
    [Symbol.asyncDispose]: close,
  };
}

const stopping = (): AgnesError => new AgnesError('unavailable', 'The server is stopping.');

function asFailure(error: unknown): AgnesError {
  if (isAgnesError(error)) return error;
  return new AgnesError('query_failed', 'No query worker could be started.', { cause: error });
}
