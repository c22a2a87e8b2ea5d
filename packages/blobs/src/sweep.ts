import { link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasErrorCode } from '@agnes/durable-files';
import type { SweepResult } from './blob-store.ts';
import { blobPath, isSha256, type Layout } from './layout.ts';

const SWEPT = 'swept-';

/**
 * A put that finds its content stored only renews the file's time. In one process the two take turns; a put of another
 * process may be met half way. Therefore a blob is first moved aside, then looked at again, and comes back when it was
 * renewed in between; a put looks after it renewed. Whoever is second sees the other.
 */
export async function sweep(
  layout: Layout,
  isLive: (sha256: string) => boolean,
  olderThan: Date,
): Promise<SweepResult> {
  await returnSwept(layout);
  await removeStaleTemps(layout, olderThan);
  let removed = 0;
  let bytes = 0;
  let kept = 0;
  for (const shard of await readdir(layout.blobs)) {
    for (const sha256 of await readdir(join(layout.blobs, shard))) {
      if (!isSha256(sha256)) {
        continue;
      }
      const freed = isLive(sha256)
        ? undefined
        : await layout.exclusive(sha256, () => removeIfOld(layout, sha256, olderThan));
      if (freed === undefined) {
        kept += 1;
      } else {
        removed += 1;
        bytes += freed;
      }
    }
  }
  return { removed, bytes, kept };
}

/** Brings back what a sweep had moved aside when its process ended. */
export async function returnSwept(layout: Layout): Promise<void> {
  for (const name of await readdir(layout.temp)) {
    const sha256 = name.slice(SWEPT.length);
    if (name.startsWith(SWEPT) && isSha256(sha256)) {
      await bringBack(layout, join(layout.temp, name), sha256);
    }
  }
}

async function removeIfOld(layout: Layout, sha256: string, olderThan: Date): Promise<number | undefined> {
  const path = blobPath(layout, sha256);
  const aside = join(layout.temp, `${SWEPT}${sha256}`);
  try {
    if ((await stat(path)).mtime >= olderThan) {
      return undefined;
    }
    await rename(path, aside);
    const { mtime, size } = await stat(aside);
    if (mtime >= olderThan) {
      await bringBack(layout, aside, sha256);
      return undefined;
    }
    await rm(aside, { force: true });
    return size;
  } catch (error) {
    // Gone already (another sweep), or, on Windows, open in a reader: the next sweep takes it.
    if (hasErrorCode(error, 'ENOENT') || (process.platform === 'win32' && hasErrorCode(error, 'EBUSY', 'EPERM'))) {
      return undefined;
    }
    throw error;
  }
}

/** By link, not by rename: a put may have stored the content anew, and an open file must not be replaced under its reader. */
async function bringBack(layout: Layout, aside: string, sha256: string): Promise<void> {
  const path = blobPath(layout, sha256);
  await mkdir(dirname(path), { recursive: true });
  try {
    await link(aside, path);
  } catch (error) {
    if (hasErrorCode(error, 'EPERM', 'ENOSYS', 'EOPNOTSUPP')) {
      await rename(aside, path);
    } else if (!hasErrorCode(error, 'EEXIST', 'ENOENT')) {
      throw error;
    }
  }
  await rm(aside, { force: true });
}

async function removeStaleTemps(layout: Layout, olderThan: Date): Promise<void> {
  for (const name of await readdir(layout.temp)) {
    const path = join(layout.temp, name);
    try {
      const { mtimeMs, ctimeMs } = await stat(path);
      // A file moved in keeps its old mtime; its ctime is new.
      if (!name.startsWith(SWEPT) && Math.max(mtimeMs, ctimeMs) < olderThan.getTime()) {
        await rm(path, { force: true, recursive: true });
      }
    } catch (error) {
      if (!hasErrorCode(error, 'ENOENT')) {
        throw error;
      }
    }
  }
}
