import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { User } from './user.ts';

/** The entry of the built CLI. */
export const cliEntry = join(import.meta.dirname, '..', 'bin', 'agnes.js');

export interface RawOptions {
  /** `closed`: no stdin at all. `open`: a pipe that never says anything and never ends. */
  readonly stdin: 'closed' | 'open';
  /** Closes our end of stdout after its first bytes. */
  readonly hangUp?: boolean;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly uid?: number;
  /** A command in front of `agnes`. */
  readonly through?: readonly [file: string, ...args: string[]];
}

export interface RawResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `agnes` with the stdin, stdout, user and folder that a test wants. Killed after 20 s: it then has waited. */
export async function runRaw(user: User, args: readonly string[], options: RawOptions): Promise<RawResult> {
  const [file, ...before] = options.through ?? [process.execPath];
  const child = spawn(file, [...before, ...(options.through === undefined ? [cliEntry, ...args] : args)], {
    cwd: options.cwd ?? user.folder,
    env: { ...user.env, ...options.env },
    stdio: [options.stdin === 'closed' ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    timeout: 20_000,
    killSignal: 'SIGKILL',
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (options.hangUp === true) child.stdout?.destroy();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      child.stdin?.destroy();
      resolve({ code, signal, stdout, stderr });
    });
  });
}
