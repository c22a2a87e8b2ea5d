import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type CliOptions, type CliResult, cliEntry, laptopEnvironment, runCli } from './run-cli.ts';
import { minimalEnvironment, type RunningProcess, startProcess } from './start-process.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** One person's machine: a home and a workspace folder that outlive a command. Removed with `await using`. */
export interface Laptop extends AsyncDisposable {
  readonly home: string;
  /** An empty folder, the current folder of every command. */
  readonly workspace: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs `agnes` to its end. */
  agnes(args: readonly string[], options?: CliOptions): Promise<CliResult>;
  /** Starts `agnes`, for tests that interrupt it. */
  start(args: readonly string[], options?: CliOptions): Promise<RunningProcess>;
}

/** A laptop on which nobody has signed in. */
export async function startLaptop(env: Readonly<Record<string, string>> = {}): Promise<Laptop> {
  const folder = await temporaryFolder('agnes-laptop-');
  const workspace = join(folder.path, 'workspace');
  await mkdir(workspace);
  const own = { ...minimalEnvironment(), ...laptopEnvironment(folder.path), ...env };
  return {
    home: folder.path,
    workspace,
    env: own,
    agnes: (args, options = {}) => runCli(args, { cwd: workspace, ...options, env: { ...own, ...options.env } }),
    start: (args, options = {}) =>
      startProcess(process.execPath, [cliEntry, ...args], {
        cwd: workspace,
        ...options,
        env: { ...own, ...options.env },
      }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
