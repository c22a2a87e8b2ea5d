import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** The tarball that `pnpm publish` would upload for the package in `folder` (relative to `root`). */
export async function packPackage(root: string, folder: string): Promise<Uint8Array<ArrayBuffer>> {
  const target = await mkdtemp(join(tmpdir(), 'agnes-pack-'));
  try {
    const [command, ...before] = pnpm(root);
    await exec(command, [...before, 'pack', '--pack-destination', target], { cwd: resolve(root, folder) });
    const [tarball] = await readdir(target);
    if (tarball === undefined) throw new Error(`pnpm pack left no tarball for ${folder}.`);
    return new Uint8Array(await readFile(join(target, tarball)));
  } finally {
    await rm(target, { recursive: true, force: true });
  }
}

/** pnpm as `npm run check` installed it; a script on this Node, so that no shell is needed on any system. */
function pnpm(root: string): [string, ...string[]] {
  return [process.execPath, join(root, '.tools', 'node_modules', 'pnpm', 'bin', 'pnpm.mjs')];
}
