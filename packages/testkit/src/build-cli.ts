// A vitest globalSetup: the CLI's tests run what users run, its bundle, so the bundle has to be of the current sources.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from './repository.ts';

/** Builds `@agnes/cli` and what it is built from. With nothing changed since the last build, turbo knows that at once. */
export async function setup(): Promise<void> {
  const turbo = join(repositoryRoot, 'node_modules', 'turbo', 'bin', 'turbo');
  const args = [turbo, 'run', 'build', '--filter=@agnes/cli', '--output-logs=errors-only'];
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', NODE_ENV: undefined };
  await promisify(execFile)(process.execPath, args, { cwd: repositoryRoot, env });
}
