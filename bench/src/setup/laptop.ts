import { join } from 'node:path';
import { type Laptop, repositoryRoot, startLaptop } from '@agnes/testkit';
import { runTimed } from './run-timed.ts';
import type { Server } from './server.ts';

export const cliEntry = join(repositoryRoot, 'apps', 'cli', 'bin', 'agnes.js');

/** A laptop that is signed in by AGNES_TOKEN. */
export function signedInLaptop({ url, token }: Server): Promise<Laptop> {
  return startLaptop({ AGNES_SERVER: url, AGNES_TOKEN: token, NODE_ENV: 'production' });
}

/** Milliseconds of one `agnes` command in the laptop's workspace. */
export function agnesTimed(laptop: Laptop, args: readonly string[]): Promise<number> {
  return runTimed(process.execPath, [cliEntry, ...args], { cwd: laptop.workspace, env: laptop.env });
}

/** Makes the workspace, which pulls every table. */
export function initialise(laptop: Laptop, { url }: Server): Promise<number> {
  return agnesTimed(laptop, ['init', '--server-url', url, '--workspace', laptop.workspace]);
}
