import { join } from 'node:path';
import { repositoryRoot } from './repository.ts';
import { minimalEnvironment, startProcess, withTimeout } from './start-process.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface CliOptions {
  readonly cwd?: string;
  /** Added to an environment that holds nothing of the person who runs the tests. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Milliseconds after which the command is killed and the call throws. */
  readonly timeout?: number;
}

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The entry of the built CLI. `@agnes/testkit/build-apps` makes sure that it is there and current. */
export const cliEntry = join(repositoryRoot, 'apps', 'cli', 'bin', 'agnes.js');

/**
 * Runs the built `agnes` to its end, without a terminal. Unless `env` says where they are, home, configuration and cache
 * are empty folders that are removed after: use {@link startLaptop} for commands that follow on one another.
 */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  await using home = await temporaryFolder('agnes-home-');
  await using cli = await startProcess(process.execPath, [cliEntry, ...args], {
    cwd: options.cwd ?? home.path,
    env: { ...minimalEnvironment(), ...laptopEnvironment(home.path), ...options.env },
    ...(options.input === undefined ? {} : { input: options.input }),
  });
  const exit = await withTimeout(cli.exited, options.timeout ?? 60_000);
  if (exit === undefined) {
    throw new Error(`agnes ${args.join(' ')} did not end in time; stdout:\n${cli.stdout()}\nstderr:\n${cli.stderr()}`);
  }
  return { ...exit, stdout: cli.stdout(), stderr: cli.stderr() };
}

/** The variables that keep everything `agnes` remembers inside `home`. */
export function laptopEnvironment(home: string): Record<string, string> {
  return {
    HOME: home,
    USERPROFILE: home,
    APPDATA: join(home, 'AppData', 'Roaming'),
    LOCALAPPDATA: join(home, 'AppData', 'Local'),
    AGNES_CONFIG_DIR: join(home, '.config', 'agnes'),
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_CACHE_HOME: join(home, '.cache'),
    XDG_DATA_HOME: join(home, '.local', 'share'),
    AGNES_NO_UPDATE_CHECK: '1',
    NO_COLOR: '1',
  };
}
