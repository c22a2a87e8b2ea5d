import { createHash } from 'node:crypto';
import { chmod, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readTextIfThere, sizeOf, writeFileAtomically } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';
import * as v from 'valibot';
import { workspacePaths } from '../workspace/workspace.ts';
import { lockStore, type Store } from './store.ts';

const refsFile = v.object({ workspace: v.string(), parts: v.array(v.string()) });

/** Records which parts a workspace needs, so that no other workspace's pull deletes them. */
export async function writeRefs(store: Store, workspace: string, parts: Iterable<string>): Promise<void> {
  await using _lock = await lockStore(store);
  await writeFileAtomically(refsPath(store, workspace), JSON.stringify({ workspace, parts: [...new Set(parts)] }));
}

/**
 * Deletes every part that no workspace refers to, unfinished downloads too. References of workspaces that no longer exist are
 * dropped. Returns how many were deleted. Throws `store_references_unreadable`, having deleted nothing, when it cannot tell
 * what another workspace needs.
 */
export async function sweepParts(store: Store): Promise<number> {
  await using _lock = await lockStore(store);
  const needed = await neededParts(store);
  let deleted = 0;
  for (const path of [...(await filesBelow(store, 'sha256')), ...(await unfinished(store))]) {
    if (needed.has(basename(path, '.part'))) continue;
    await deletePart(path);
    deleted += 1;
  }
  return deleted;
}

async function unfinished(store: Store): Promise<string[]> {
  return (await filesBelow(store, 'tmp')).filter((path) => path.endsWith('.part'));
}

async function filesBelow(store: Store, name: string): Promise<string[]> {
  const root = join(store.root, name);
  if ((await sizeOf(root)) === undefined) return [];
  const entries = await readdir(root, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function neededParts(store: Store): Promise<Set<string>> {
  const needed = new Set<string>();
  const folder = join(store.root, 'refs');
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (!name.endsWith('.json')) {
      // Left by a pull that ended while it wrote: nobody else does, as long as this one has the lock.
      if (name.endsWith('.tmp')) await rm(path, { force: true });
      continue;
    }
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), refsFile), await readTextIfThere(path));
    if (!parsed.success) throw unreadable(path);
    if ((await readTextIfThere(workspacePaths.file(parsed.output.workspace))) === undefined) {
      await rm(path, { force: true });
      continue;
    }
    for (const sha256 of parsed.output.parts) needed.add(sha256);
  }
  return needed;
}

function unreadable(path: string): AgnesError {
  return new AgnesError('store_references_unreadable', `${path} cannot be read, so no file of the store was deleted.`, {
    hint: `Delete ${path}, then run in each of your workspaces: agnes pull`,
    details: { path },
  });
}

async function deletePart(path: string): Promise<void> {
  // Windows does not delete read-only files.
  if (process.platform === 'win32') await chmod(path, 0o666).catch(() => undefined);
  await rm(path, { force: true });
}

function refsPath(store: Store, workspace: string): string {
  return join(store.root, 'refs', `${createHash('sha256').update(workspace).digest('hex').slice(0, 32)}.json`);
}
