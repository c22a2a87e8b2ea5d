import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly nodeArgs?: readonly string[];
  /** SIGKILL after so many milliseconds. */
  readonly killAfter?: number;
}

/** Runs the built `agnes`, which the test set-up has built from these sources. */
const agnes = join(import.meta.dirname, '..', 'bin', 'agnes.js');

/** A user: the built `agnes` with a home, settings, store and a working folder of their own. */
export interface User extends AsyncDisposable {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  run(args: readonly string[], options?: RunOptions): Promise<Finished>;
  /** Runs with `--json` and parses stdout; throws when the command failed. */
  json<T = Record<string, unknown>>(args: readonly string[], options?: RunOptions): Promise<T>;
}

export async function createUser(): Promise<User> {
  const folder = await mkdtemp(join(tmpdir(), 'agnes-cli-'));
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: join(folder, 'home'),
    AGNES_CONFIG_DIR: join(folder, 'config'),
    XDG_CACHE_HOME: join(folder, 'cache'),
    NODE_COMPILE_CACHE: join(folder, 'compile-cache'),
  };
  const cwd = join(folder, 'work');
  await mkdir(cwd);
  const run = (args: readonly string[], options: RunOptions = {}): Promise<Finished> =>
    runNode([...(options.nodeArgs ?? []), agnes, ...args], {
      ...options,
      cwd: options.cwd ?? cwd,
      env: { ...env, ...options.env },
    });
  return {
    folder: cwd,
    env,
    run,
    async json<T>(args: readonly string[], options?: RunOptions) {
      const { code, stdout, stderr } = await run([...args, '--json'], options);
      if (code !== 0) throw new Error(`agnes ${args.join(' ')} ended with ${code}: ${stderr}`);
      return JSON.parse(stdout) as T;
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

function runNode(args: readonly string[], options: RunOptions): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: options.cwd, env: options.env, stdio: 'pipe' });
    const [stdout, stderr]: [string[], string[]] = [[], []];
    child.stdout.setEncoding('utf8').on('data', (text: string) => stdout.push(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => stderr.push(text));
    child.stdin.on('error', () => {});
    child.stdin.end(options.stdin ?? '');
    const timer =
      options.killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), options.killAfter);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout: stdout.join(''), stderr: stderr.join('') });
    });
  });
}
