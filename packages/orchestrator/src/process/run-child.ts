import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, watchMemory } from '@agnes/child-process';
import { AgnesError, messageOf } from '@agnes/errors';
import { killTree } from './kill-tree.ts';
import { readLines } from './lines.ts';
import { Tail } from './tail.ts';

export interface ChildOptions {
  readonly command: Command;
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** One line, written to stdin. */
  readonly input: string;
  /** Whether stdin stays open as a sign of life; else it is closed after the line. */
  readonly keepStdin?: boolean;
  /** Called for each line of stdout, one after another. What it throws ends the child. */
  readonly onLine: (line: string) => void | Promise<void>;
  readonly maxLineBytes: number;
  readonly deadlineMs: number;
  /** Ends the child when it writes no line for so long. */
  readonly silenceMs?: number;
  /** Ends the child at once when it holds more memory, in bytes; where the command itself has no such cap. */
  readonly residentBytes?: number;
  /** Time between SIGTERM and SIGKILL; 0 kills at once. */
  readonly graceMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ChildEnd {
  /** Why it ended: by itself, or because we ended it. */
  readonly reason: 'exited' | 'deadline' | 'silent' | 'cancelled' | 'refused' | 'memory';
  readonly code: number | null;
  readonly signal: string | null;
  /** With `refused`: what {@link ChildOptions.onLine} threw, or why a line could not be read. */
  readonly error?: unknown;
  readonly stderr: Tail;
}

/** After the child has ended: how long output that something else keeps open may stay silent before it is given up. */
const AFTERMATH_MS = 500;

/**
 * Runs a child to its end, in a process group of its own that is gone when this returns, whatever the child started.
 * Throws `unavailable` when it cannot be started, and nothing else.
 */
export async function runChild(options: ChildOptions): Promise<ChildEnd> {
  const child = spawn(options.command.file, options.command.args, {
    cwd: options.cwd,
    env: options.environment,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  const stderr = new Tail(16 * 1024);
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  // A child that ends early closes its stdin; how it ended tells more than this error would.
  child.stdin.on('error', () => {});
  await once(child, 'spawn').catch((error: unknown) => {
    throw new AgnesError('unavailable', `A process could not be started: ${messageOf(error)}`, {
      hint: 'Look at the memory and the process limit of the server, then try again.',
      cause: error,
    });
  });
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;

  let reason: ChildEnd['reason'] | undefined;
  let error: unknown;
  let kill: NodeJS.Timeout | undefined;
  const end = (why: Exclude<ChildEnd['reason'], 'exited'>): void => {
    if (reason !== undefined) return;
    reason = why;
    // What eats memory has no time to say goodbye.
    const graceMs = why === 'memory' ? 0 : options.graceMs;
    if (graceMs > 0) killTree(child, 'SIGTERM');
    kill = setTimeout(() => killTree(child, 'SIGKILL'), graceMs);
  };
  const cancel = (): void => end('cancelled');
  const deadline = setTimeout(() => end('deadline'), options.deadlineMs);
  const silence = options.silenceMs === undefined ? undefined : setTimeout(() => end('silent'), options.silenceMs);
  const memory =
    options.residentBytes === undefined || child.pid === undefined
      ? undefined
      : watchMemory(child.pid, options.residentBytes, () => end('memory'));
  options.signal?.addEventListener('abort', cancel);
  if (options.signal?.aborted) cancel();

  child.stdin.write(`${options.input}\n`);
  if (options.keepStdin !== true) child.stdin.end();

  let lines = 0;
  let busy = false;
  let givenUp = false;
  const read = async (): Promise<void> => {
    try {
      for await (const line of readLines(child.stdout, options.maxLineBytes)) {
        silence?.refresh();
        lines += 1;
        busy = true;
        await options.onLine(line);
        busy = false;
      }
    } catch (thrown) {
      if (givenUp) return;
      error ??= thrown;
      end('refused');
    }
  };
  const reading = read();
  const [code, signal] = await exited;
  memory?.();
  for (const timer of [deadline, silence, kill]) clearTimeout(timer);
  // What the child started dies with it, so that its output ends here too.
  killTree(child, 'SIGKILL');
  for (let before = -1; before !== lines || busy; ) {
    before = lines;
    if (await Promise.race([reading.then(() => true), sleep(AFTERMATH_MS, false)])) break;
  }
  givenUp = true;
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  await reading;
  options.signal?.removeEventListener('abort', cancel);
  return { reason: reason ?? 'exited', code, signal, ...(error === undefined ? {} : { error }), stderr };
}
