import { lstat, readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { hasErrorCode } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';

/**
 * Files below a folder (relative names, with slashes) that have one more name elsewhere: a hard link is a way into another
 * source's folder that no path shows. Links that all lie in this folder are the source's own affair.
 */
export async function foreignLinks(folder: string): Promise<ReadonlySet<string>> {
  const linked = new Map<string, { links: bigint; names: string[] }>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const stats = await statIfThere(path);
    if (stats === undefined || stats.nlink <= 1n) continue;
    const key = `${stats.dev}-${stats.ino}`;
    const known = linked.get(key) ?? { links: stats.nlink, names: [] };
    known.names.push(relative(folder, path).replaceAll(sep, '/'));
    linked.set(key, known);
  }
  const foreign = [...linked.values()].filter(({ links, names }) => BigInt(names.length) < links);
  return new Set(foreign.flatMap(({ names }) => names));
}

export function foreignLink(name: string, why = ''): AgnesError {
  return new AgnesError('publish_refused', `${name} is a hard link to a file that lies outside its source too.${why}`, {
    hint: 'Put a copy into the folder of the source instead of the link.',
  });
}

async function statIfThere(path: string) {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
