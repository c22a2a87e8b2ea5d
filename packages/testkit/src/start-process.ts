import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessOptions {
  readonly cwd?: string;
  /** The whole environment of the process; nothing is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** What the process reads on stdin; without it stdin is closed. */
  readonly input?: string;
  /** Leaves stdin open after `input`, for {@link RunningProcess.write}. */
  readonly keepStdin?: boolean;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child process whose output is kept. Ends with `await using`, by SIGKILL if it still runs then. */
export interface RunningProcess extends AsyncDisposable {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  isRunning(): boolean;
  stdout(): string;
  stderr(): string;
  /** Writes to a stdin that was left open. */
  write(text: string): void;
  /** The first line of stdout, already there or to come, that `isWanted`; throws when the process ends or time is up. */
  waitForLine(isWanted: (line: string) => boolean, timeoutMs?: number): Promise<string>;
  /** Sends the signal and waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<Exit>;
  /** Asks with SIGTERM; throws when the process has not ended after `timeoutMs`, having killed it. */
  stop(timeoutMs?: number): Promise<Exit>;
}

/** Starts `file` without a shell. Throws when it cannot be started. */
export async function startProcess(
  file: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<RunningProcess> {
  const child = spawn(file, args, { cwd: options.cwd, env: options.env ?? minimalEnvironment(), windowsHide: true });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const exited = new Promise<Exit>((done) => {
    child.once('close', (code, signal) => done({ code, signal }));
    // A process that was killed may leave children that hold its output open; they are not what is waited for.
    child.once('exit', (code, signal) => setTimeout(() => done({ code, signal }), 2_000).unref());
  });
  await once(child, 'spawn');
  child.stdin.on('error', () => undefined); // a process may end without reading what it was given
  child.stdin.write(options.input ?? '');
  if (options.keepStdin !== true) child.stdin.end();

  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> => {
    child.kill(signal);
    return await exited;
  };
  return {
    pid: pidOf(child),
    exited,
    isRunning,
    stdout: () => stdout,
    stderr: () => stderr,
    write: (text) => void child.stdin.write(text),
    kill,
    async waitForLine(isWanted, timeoutMs = 30_000) {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const ended = !isRunning();
        const line = completeLines(stdout).find(isWanted);
        if (line !== undefined) return line;
        if (ended || Date.now() > deadline) {
          const what = ended
            ? `ended with ${child.exitCode ?? child.signalCode}`
            : `did not print it in ${timeoutMs} ms`;
          throw new Error(`${file} ${args.join(' ')} ${what}; stdout:\n${stdout}\nstderr:\n${stderr}`);
        }
        await sleep(10);
      }
    },
    async stop(timeoutMs = 20_000) {
      child.kill('SIGTERM');
      const exit = await withTimeout(exited, timeoutMs);
      if (exit !== undefined) return exit;
      await kill('SIGKILL');
      throw new Error(`${file} ${args.join(' ')} still ran ${timeoutMs} ms after SIGTERM; stderr:\n${stderr}`);
    },
    async [Symbol.asyncDispose]() {
      if (isRunning()) await kill('SIGKILL');
    },
  };
}

/** What a program needs to run at all: where programs, the home and temporary files are, and what Windows itself needs. */
export function minimalEnvironment(): Record<string, string> {
  const names = [
    ...['PATH', 'Path', 'HOME', 'TMPDIR', 'TMP', 'TEMP', 'LANG', 'SystemRoot', 'windir', 'PATHEXT', 'ComSpec'],
    'NODE_COMPILE_CACHE',
  ];
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

/** The result of `work`, or undefined when it is not there after `timeoutMs`. */
export async function withTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  const timer = new AbortController();
  const late = sleep(timeoutMs, undefined, { signal: timer.signal }).catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('The process has no pid, though it was started.');
  return child.pid;
}

function completeLines(text: string): string[] {
  return text.split('\n').slice(0, -1);
}
