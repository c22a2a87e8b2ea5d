import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { minimalEnvironment, nodeCommand } from '@agnes/child-process';
import { AgnesError, isErrorCode } from '@agnes/errors';
import { safeParse } from 'valibot';
import {
  type Answer,
  type Command,
  type FromWorker,
  fromWorker,
  type ToWorker,
  type WorkerSettings,
} from './protocol.ts';

export type AnswerOf<T extends Answer['type']> = Extract<Answer, { type: T }>;

/** Sends one command and gives its answer. Throws what the worker has to say, or `query_failed` when it dies of it. */
export type Ask = <T extends Answer['type']>(command: Command, expected: T) => Promise<AnswerOf<T>>;

export interface WorkerProcess {
  readonly ask: Ask;
  /** Settles when the worker can take work; rejects when it ended before. */
  readonly ready: Promise<void>;
  readonly alive: boolean;
  /** How much work it was given. */
  readonly served: number;
  readonly pid: number | undefined;
  /** Ends the piece of work; it becomes ready for the next. One that still works is killed. */
  finish(): void;
  /** SIGKILL: nothing that runs in it can hold it. */
  kill(): void;
  end(): Promise<void>;
}

export type SpawnSettings = Omit<WorkerSettings, 'tempDirectory'> & {
  /** Each worker has a folder of its own in it, which goes when it ends. */
  readonly tempRoot: string;
};

interface Pending {
  readonly resolve: (message: FromWorker) => void;
  readonly reject: (error: AgnesError) => void;
}

/** Starts a worker. */
export function startWorker({ tempRoot, ...settings }: SpawnSettings): WorkerProcess {
  const tempDirectory = join(tempRoot, `worker-${randomUUID()}`);
  mkdirSync(tempDirectory, { recursive: true });
  const child = spawnWorker(settings.residentBytes, tempDirectory);
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-2000);
  });
  // Sending to a worker that is ending fails; that it ended is what counts.
  child.on('error', () => {});

  let alive = true;
  let served = 0;
  let pending: Pending | undefined;
  const gone = (how: string): void => {
    alive = false;
    pending?.reject(died(how, said));
    pending = undefined;
  };
  const exited = once(child, 'exit').then(
    ([code, signal]: unknown[]) => gone(String(signal ?? `exit code ${String(code)}`)),
    (error: unknown) => gone(String(error)),
  );
  const removed = exited.then(() => rm(tempDirectory, { recursive: true, force: true }));
  removed.catch(() => {
    // What cannot be removed now is swept at the next start.
  });
  child.on('message', (value) => {
    const waiting = pending;
    pending = undefined;
    const parsed = safeParse(fromWorker, value);
    if (parsed.success) waiting?.resolve(parsed.output);
    else waiting?.reject(new AgnesError('query_failed', 'The worker gave an answer that cannot be read.'));
  });

  const send = (message: ToWorker): Promise<FromWorker> =>
    new Promise((resolve, reject) => {
      if (!alive) {
        reject(died('it was stopped', said));
        return;
      }
      pending = { resolve, reject };
      if (child.connected) child.send(message, () => {});
    });
  const readyAfter = (message: ToWorker): Promise<void> => {
    const ready = send(message).then((answer) => {
      if (answer.type !== 'ready') throw new AgnesError('query_failed', 'The worker does not become ready.');
    });
    ready.catch(() => {});
    return ready;
  };
  const kill = (): void => {
    alive = false;
    child.kill('SIGKILL');
  };

  let ready = readyAfter({ type: 'start', settings: { ...settings, tempDirectory } });
  let fresh = true;
  return {
    get ready() {
      return ready;
    },
    get alive() {
      return alive;
    },
    get served() {
      return served;
    },
    pid: child.pid,
    async ask(command, expected) {
      await ready;
      if (fresh) served += 1;
      fresh = false;
      const answer = await send(command);
      if (answer.type === 'error') throw told(answer);
      if (answer.type === expected) return answer as AnswerOf<typeof expected>;
      throw new AgnesError('query_failed', 'The worker gave another answer than it was asked for.');
    },
    finish() {
      if (fresh) return;
      if (pending !== undefined) kill();
      ready = readyAfter({ type: 'end' });
      fresh = true;
    },
    kill,
    async end() {
      kill();
      await removed.catch(() => {});
    },
  };
}

function told({ code, message, hint, details }: Extract<FromWorker, { type: 'error' }>): AgnesError {
  return new AgnesError(isErrorCode(code) ? code : 'query_failed', message, {
    ...(hint === undefined ? {} : { hint }),
    ...(details === undefined ? {} : { details }),
  });
}

function died(how: string, said: string): AgnesError {
  const last = said.trim().split('\n').at(-1) ?? '';
  const ofMemory = how === 'SIGKILL' || /memory|allocat/i.test(last);
  return new AgnesError(
    'query_failed',
    `The process that ran the query ended (${how})${ofMemory ? ', most likely because it took too much memory' : ''}.`,
    { hint: 'Ask for less: fewer rows, fewer columns, or a filter.', cause: new Error(last) },
  );
}

function spawnWorker(dataBytes: number, tempDirectory: string): ChildProcess {
  const { file, args } = nodeCommand(import.meta.resolve('@agnes/query-engine/worker'), { dataBytes, heapMb: 256 });
  return spawn(file, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
    env: minimalEnvironment(tempDirectory),
    cwd: tempDirectory,
    windowsHide: true,
  });
}
