import type { BigIntStats } from 'node:fs';
import { constants } from 'node:fs';
import { copyFile, type FileHandle, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Blob, BlobStore } from '@agnes/blobs';
import { hasErrorCode } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';
import { foreignLink, foreignLinks } from './hard-links.ts';
import { checkRegularFile, missing, type SourceFolder } from './source-folder.ts';

/** A file younger than this may change again without its times changing, so its fingerprint is not relied on. */
const SETTLED_MS = 100;

export interface TakenFile {
  /** Relative to the source's folder, with slashes. */
  readonly name: string;
  /** Undefined while the file is too young to be recognised by it. */
  readonly fingerprint: string | undefined;
  readonly blob: Blob;
  /** Whether the bytes were known already, and so were not read. */
  readonly known: boolean;
}

interface Taking {
  readonly folder: SourceFolder;
  readonly blobs: BlobStore;
  readonly request: { readonly out_dir: string };
}

/**
 * Brings a file of the source into the blob store: opened without following links, checked to be the file of that name in
 * the folder, copied, hashed. A file that `known` recognises by its fingerprint is not read.
 * Throws `publish_refused` when it is no regular file of the folder alone or changes meanwhile, `extract_invalid` when it is gone.
 */
export async function takeFile(
  { folder, blobs, request }: Taking,
  path: string,
  known: (name: string, fingerprint: string) => string | undefined,
): Promise<TakenFile> {
  const name = await checkRegularFile(folder, path);
  const file = await openWithoutLinks(path, name);
  try {
    const before = await file.stat({ bigint: true });
    const named = await stat(path, { bigint: true });
    await checkRegularFile(folder, path);
    if (before.dev !== named.dev || before.ino !== named.ino) throw changed(name);
    // Looked at now, with the file open: a link that is made later is no other file's.
    if (before.nlink > 1n && (await foreignLinks(folder.root)).has(name)) throw foreignLink(name);
    const fingerprint = fingerprintOf(before);
    const settled = Date.now() - Number(before.ctimeMs) > SETTLED_MS ? fingerprint : undefined;
    const sha256 = known(name, fingerprint);
    const stored = sha256 === undefined ? undefined : await blobs.stat(sha256);
    if (stored !== undefined) return { name, fingerprint: settled, blob: stored, known: true };
    const staged = join(request.out_dir, 'staged.parquet');
    try {
      await copyHandle(file, staged);
      if (fingerprintOf(await file.stat({ bigint: true })) !== fingerprint) throw changed(name);
      return { name, fingerprint: settled, blob: await blobs.putFile(staged, { move: true }), known: false };
    } finally {
      // It goes with the output folder at the latest.
      await rm(staged, { force: true }).catch(() => undefined);
    }
  } finally {
    await file.close();
  }
}

/** Length, times and inode: a file with the same fingerprint has the same bytes. */
export function fingerprintOf(stats: BigIntStats): string {
  return [stats.size, stats.mtimeNs, stats.ctimeNs, stats.ino].join('-');
}

async function openWithoutLinks(path: string, name: string): Promise<FileHandle> {
  try {
    // Windows has neither flag; the comparison of inodes after the open stands in for them.
    return await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT', 'ENOTDIR')) throw missing(name, error);
    if (hasErrorCode(error, 'ELOOP', 'EISDIR', 'ENXIO')) throw changed(name);
    throw error;
  }
}

/** Copies what the handle holds, not whatever its path names by now; by reflink where the file system can. */
async function copyHandle(file: FileHandle, target: string): Promise<void> {
  if (process.platform === 'linux') {
    try {
      await copyFile(`/proc/self/fd/${file.fd}`, target, constants.COPYFILE_FICLONE);
      return;
    } catch (error) {
      if (!hasErrorCode(error, 'ENOENT')) throw error;
      // Without /proc the bytes are copied one by one.
    }
  }
  const copy = await open(target, 'w', 0o600);
  try {
    await copy.writeFile(file.createReadStream({ start: 0, autoClose: false, highWaterMark: 1024 * 1024 }));
  } finally {
    await copy.close();
  }
}

function changed(name: string): AgnesError {
  return new AgnesError('publish_refused', `${name} changed while it was read.`, {
    hint: 'Try again when its writer is done. Writers should put new data under new names.',
  });
}
