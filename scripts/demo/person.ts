import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';

/** A command of the loop failed; the message has what it printed. */
export class CommandFailed extends Error {}

export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  /** What is typed, or piped in. */
  readonly input?: string;
  /** Exit codes that are as good as 0: for a step that an earlier demo did already. */
  readonly allowed?: readonly number[];
  /** A long one: on a terminal it shows its own progress, as it does to a user. */
  readonly isLong?: boolean;
}

/** Somebody with a laptop: runs the built `agnes` with a home of their own. */
export interface Person {
  /** Runs a command with `--json` and answers what it printed. Throws {@link CommandFailed}. */
  agnes<T = unknown>(args: readonly string[], options?: CommandOptions): Promise<T>;
  /** The same command, whatever its exit code. */
  attempt(args: readonly string[], options?: CommandOptions): Promise<Answer>;
}

const entry = resolve(import.meta.dirname, '..', '..', 'apps', 'cli', 'bin', 'agnes.js');

export function person(home: string, server: string, signal: AbortSignal): Person {
  const env = {
    ...cleanEnvironment(),
    HOME: home,
    USERPROFILE: home,
    AGNES_SERVER: server,
    AGNES_CONFIG_DIR: join(home, '.config', 'agnes'),
    XDG_CACHE_HOME: join(home, '.cache'),
    AGNES_NO_UPDATE_CHECK: '1',
  };
  const attempt = (args: readonly string[], options: CommandOptions = {}): Promise<Answer> =>
    new Promise((done, fail) => {
      const stderr = options.isLong === true && process.stderr.isTTY ? 'inherit' : 'pipe';
      const cwd = options.cwd ?? home;
      const child = spawn(process.execPath, [entry, ...args], { cwd, env, signal, stdio: ['pipe', 'pipe', stderr] });
      const kept = { stdout: '', stderr: '' };
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        kept.stdout += text;
      });
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        kept.stderr += text;
      });
      child.stdin?.on('error', () => undefined); // a command may end without reading
      child.stdin?.end(options.input ?? '');
      child.on('error', fail);
      child.on('close', (code) => done({ code: code ?? 1, ...kept }));
    });
  return {
    attempt,
    async agnes<T>(args: readonly string[], options: CommandOptions = {}) {
      const { code, stdout, stderr } = await attempt([...args, '--json'], options);
      if (code !== 0 && options.allowed?.includes(code) !== true) {
        throw new CommandFailed(`\`agnes ${args.join(' ')}\` ended with ${code}:\n${stderr || stdout}`);
      }
      return (stdout.trim() === '' ? undefined : JSON.parse(stdout)) as T;
    },
  };
}

/** The environment less what would point server or CLI at somebody's real installation. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const isOurs = (name: string): boolean =>
    /^(AGNES_|SEED_ADMIN_|STATE_DIR$|CONFIG_DIR$|DATA_DIR$|SCHEDULER_|npm_)/.test(name);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOurs(name)));
}
