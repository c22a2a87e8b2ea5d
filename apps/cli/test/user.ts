import { setTimeout as sleep } from 'node:timers/promises';
import { type CliOptions, type CliResult, type Laptop, startLaptop } from '@agnes/testkit';

export interface RunOptions extends CliOptions {
  /** SIGKILL after so many milliseconds, or when the promise that this makes is fulfilled. */
  readonly killAfter?: number | (() => Promise<void>);
}

/** A person with a laptop of their own. */
export interface User extends AsyncDisposable {
  /** Where commands run. */
  readonly folder: string;
  readonly env: Laptop['env'];
  run(args: readonly string[], options?: RunOptions): Promise<CliResult>;
  /** Runs with `--json` and parses stdout; throws when the command failed. */
  json<T = Record<string, unknown>>(args: readonly string[], options?: RunOptions): Promise<T>;
}

export async function createUser(): Promise<User> {
  const laptop = await startLaptop();
  const run = async (args: readonly string[], { killAfter, ...options }: RunOptions = {}): Promise<CliResult> => {
    if (killAfter === undefined) return await laptop.agnes(args, options);
    await using agnes = await laptop.start(args, options);
    const moment = typeof killAfter === 'number' ? sleep(killAfter) : killAfter();
    await Promise.race([moment, agnes.exited]);
    const exit = agnes.isRunning() ? await agnes.kill('SIGKILL') : await agnes.exited;
    return { ...exit, stdout: agnes.stdout(), stderr: agnes.stderr() };
  };
  return {
    folder: laptop.workspace,
    env: laptop.env,
    run,
    async json<T>(args: readonly string[], options?: RunOptions) {
      const { code, stdout, stderr } = await run([...args, '--json'], options);
      if (code !== 0) throw new Error(`agnes ${args.join(' ')} ended with ${code}: ${stderr}`);
      return JSON.parse(stdout) as T;
    },
    [Symbol.asyncDispose]: () => laptop[Symbol.asyncDispose](),
  };
}
