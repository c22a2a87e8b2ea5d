import { fileURLToPath } from 'node:url';
import { type RunningProcess, startProcess } from '@agnes/testkit';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

/** What `agnes-server` needs to find a data folder, and a port of its own. */
export const environmentFor = (dataDir: string, more: Readonly<Record<string, string>> = {}) => ({
  PATH: process.env.PATH ?? '',
  DATA_DIR: dataDir,
  CONFIG_DIR: dataDir,
  PORT: '0',
  ...more,
});

/** Starts a command of `agnes-server` as a process of its own. */
export const startCommand = (
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  input = '',
): Promise<RunningProcess> =>
  startProcess(process.execPath, ['--conditions=@agnes/source', MAIN, ...args], { env, input });

/** The same, to its end. */
export async function runCommand(args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = await startCommand(args, env);
  const { code } = await child.exited;
  return { code, stdout: child.stdout(), stderr: child.stderr() };
}
