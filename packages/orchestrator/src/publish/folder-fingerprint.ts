import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { hasErrorCode } from '@agnes/durable-files';
import { EXTRACT_FILE } from '@agnes/extract-contract';
import { fingerprintOf } from './take-file.ts';

/**
 * A file that was touched so shortly before a look may be touched again without its times telling: file systems count them
 * in ticks, some of two seconds.
 */
const RACY_NS = 2_000_000_000n;

/** Looks at a time. */
const ABREAST = 32;

/**
 * A hash of path, length, times and inode of everything in a source's folder: when two looks answer the same, nothing in it changed
 * between them. Reads no file. Undefined when that cannot be said: something is young, or from the future, or neither file
 * nor folder, or a writer has the extract open, or the folder changes while it is looked at.
 */
export async function folderFingerprint(folder: string, now: Date): Promise<string | undefined> {
  const settledBefore = BigInt(now.getTime()) * 1_000_000n - RACY_NS;
  try {
    const root = await lstat(folder, { bigint: true });
    if (!root.isDirectory()) return undefined;
    const hash = createHash('sha256').update(`${root.dev} ${root.ino}`);
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const paths = entries.map(({ parentPath, name }) => join(parentPath, name)).sort();
    for (let at = 0; at < paths.length; at += ABREAST) {
      const looks = paths.slice(at, at + ABREAST).map((path) => lineOf(folder, path, settledBefore));
      for (const line of await Promise.all(looks)) {
        if (line === undefined) return undefined;
        hash.update(`\n${line}`);
      }
    }
    return hash.digest('hex');
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

async function lineOf(folder: string, path: string, settledBefore: bigint): Promise<string | undefined> {
  const name = relative(folder, path);
  const stats: BigIntStats = await lstat(path, { bigint: true });
  // What a folder holds is in its entries.
  if (stats.isDirectory()) return `${JSON.stringify(name)} folder`;
  const isSettled = stats.mtimeNs < settledBefore && stats.ctimeNs < settledBefore;
  if (!stats.isFile() || !isSettled || name === `${EXTRACT_FILE}.wal`) return undefined;
  return `${JSON.stringify(name)} ${fingerprintOf(stats)} ${stats.dev} ${stats.mode}`;
}
