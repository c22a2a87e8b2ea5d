// A vitest globalSetup: tests of the CLI and of the demo run what users run, so the apps have to be built of current sources.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from './repository.ts';

/** Builds the apps and what they are built from. With nothing changed since the last build, turbo knows that at once. */
export async function setup(): Promise<void> {
  const turbo = join(repositoryRoot, 'node_modules', 'turbo', 'bin', 'turbo');
  const args = [turbo, 'run', 'build', '--filter=./apps/*', '--output-logs=errors-only'];
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', NODE_ENV: undefined };
  await promisify(execFile)(process.execPath, args, { cwd: repositoryRoot, env });
}
