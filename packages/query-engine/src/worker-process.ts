import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { minimalEnvironment, nodeCommand } from '@agnes/child-process';
import { AgnesError } from '@agnes/errors';
import { safeParse } from 'valibot';
import {
  type FromWorker,
  fromWorker,
  type ToWorker,
  type Work,
  type WorkerSettings,
  type WorkResult,
} from './protocol.ts';

export interface WorkerProcess {
  /** Does one piece of work. Throws `query_failed` or `query_timeout`; after either of the last two the worker is gone. */
  run(work: Work, deadlineMs: number, signal?: AbortSignal): Promise<WorkResult>;
  /** Settles when the worker can take work; rejects when it ended before. */
  readonly ready: Promise<void>;
  readonly alive: boolean;
  /** How many pieces of work it has done. */
  readonly served: number;
  end(): Promise<void>;
}

/** Starts a worker. It is ended from outside, with SIGKILL: nothing that runs in it can hold it. */
export function startWorker(settings: WorkerSettings): WorkerProcess {
  const child = spawnWorker(settings);
  const exited = once(child, 'exit').then(
    ([code, signal]: unknown[]) => String(signal ?? `exit code ${String(code)}`),
    (error: unknown) => String(error),
  );
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-2000);
  });
  // Sending to a worker that is ending fails; that it ended is what counts.
  child.on('error', () => {});
  let alive = true;
  void exited.then(() => {
    alive = false;
  });
  let served = 0;

  const next = async (type: FromWorker['type'] | undefined): Promise<FromWorker> => {
    const message = new Promise<FromWorker>((resolve, reject) => {
      child.once('message', (value) => {
        const parsed = safeParse(fromWorker, value);
        if (parsed.success && (type === undefined || parsed.output.type === type)) resolve(parsed.output);
        else reject(new AgnesError('query_failed', 'The worker gave an answer that cannot be read.'));
      });
    });
    const gone = exited.then((how) => {
      throw died(how, said);
    });
    return Promise.race([message, gone]);
  };

  const kill = (): void => {
    alive = false;
    child.kill('SIGKILL');
  };

  post(child, { type: 'start', settings });
  let ready: Promise<void> = next('ready').then(() => {});
  ready.catch(() => {});

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
    async run(work, deadlineMs, signal) {
      await ready;
      served += 1;
      let stopped: AgnesError | undefined;
      const stop = (error: AgnesError): void => {
        stopped ??= error;
        kill();
      };
      const timer = setTimeout(
        () =>
          stop(
            new AgnesError('query_timeout', `The query took longer than ${deadlineMs / 1000} s and was stopped.`, {
              hint: 'Ask for less: fewer rows, fewer columns, or a filter.',
            }),
          ),
        deadlineMs,
      );
      const leave = (): void =>
        stop(new AgnesError('query_failed', 'The query was stopped because its caller went away.'));
      signal?.addEventListener('abort', leave);
      if (signal?.aborted === true) leave();
      try {
        const answer = next(undefined);
        post(child, { type: 'work', work });
        const message = await answer;
        ready = next('ready').then(() => {});
        ready.catch(() => {});
        if (message.type === 'rows') return { columns: message.columns, rows: message.rows };
        if (message.type === 'error') {
          throw new AgnesError(
            'query_failed',
            message.message,
            message.hint === undefined ? {} : { hint: message.hint },
          );
        }
        throw new AgnesError('query_failed', 'The worker gave no answer.');
      } catch (error) {
        throw stopped ?? error;
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', leave);
      }
    },
    async end() {
      kill();
      await exited;
    },
  };
}

function post(child: ChildProcess, message: ToWorker): void {
  if (child.connected) child.send(message, () => {});
}

function died(how: string, said: string): AgnesError {
  const last = said.trim().split('\n').at(-1) ?? '';
  return new AgnesError(
    'query_failed',
    `The process that ran the query ended (${how})${how === 'SIGKILL' ? ', most likely because it took too much memory' : ''}.${last === '' ? '' : ` It last said: ${last}`}`,
    { hint: 'Ask for less: fewer rows, fewer columns, or a filter.' },
  );
}

function spawnWorker(settings: WorkerSettings): ChildProcess {
  const { file, args } = nodeCommand(import.meta.resolve('@agnes/query-engine/worker'), {
    dataBytes: settings.residentBytes,
    heapMb: 256,
  });
  return spawn(file, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: minimalEnvironment(tmpdir()),
    cwd: tmpdir(),
    windowsHide: true,
  });
}
