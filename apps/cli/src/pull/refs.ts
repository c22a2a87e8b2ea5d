import { createHash } from 'node:crypto';
import { chmod, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readTextIfThere, sizeOf, writeFileAtomically } from '@agnes/durable-files';
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
 * Deletes every part that no workspace refers to. References of workspaces that no longer exist are dropped. Returns how
 * many parts were deleted.
 */
export async function sweepParts(store: Store): Promise<number> {
  await using _lock = await lockStore(store);
  const needed = await neededParts(store);
  let deleted = 0;
  for (const path of await listParts(store)) {
    if (needed.has(basename(path))) continue;
    await deletePart(path);
    deleted += 1;
  }
  return deleted;
}

async function listParts(store: Store): Promise<string[]> {
  const root = join(store.root, 'sha256');
  if ((await sizeOf(root)) === undefined) return [];
  const entries = await readdir(root, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function neededParts(store: Store): Promise<Set<string>> {
  const needed = new Set<string>();
  const folder = join(store.root, 'refs');
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), refsFile), await readTextIfThere(path));
    if (!parsed.success) continue;
    if ((await readTextIfThere(workspacePaths.file(parsed.output.workspace))) === undefined) {
      await rm(path, { force: true });
      continue;
    }
    for (const sha256 of parsed.output.parts) needed.add(sha256);
  }
  return needed;
}

async function deletePart(path: string): Promise<void> {
  // Windows does not delete read-only files.
  if (process.platform === 'win32') await chmod(path, 0o666).catch(() => undefined);
  await rm(path, { force: true });
}

function refsPath(store: Store, workspace: string): string {
  return join(store.root, 'refs', `${createHash('sha256').update(workspace).digest('hex').slice(0, 32)}.json`);
}
