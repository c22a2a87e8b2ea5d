import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type FileLock, sizeOf, syncFolder } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';
import { takeOsLock } from '../workspace/os-lock.ts';

/** The folder of parts on this laptop, each named by its SHA-256 and never changed; workspaces share it. */
export interface Store {
  readonly root: string;
}

export function partPath(store: Store, sha256: string): string {
  return join(store.root, 'sha256', sha256.slice(0, 2), sha256);
}

/** Whether the store has a part. Its bytes were verified before it got its name; only its size is looked at here. */
export async function hasPart(store: Store, sha256: string, bytes: number): Promise<boolean> {
  return (await sizeOf(partPath(store, sha256))) === bytes;
}

/** Gives a complete, verified, synced file its name in the store. */
export async function admitPart(store: Store, file: string, sha256: string, bytes: number): Promise<void> {
  const path = partPath(store, sha256);
  await mkdir(dirname(path), { recursive: true });
  await chmod(file, 0o444);
  try {
    await rename(file, path);
  } catch (error) {
    // Windows refuses to replace a file that a query reads; it has the same bytes.
    if ((await sizeOf(path)) !== bytes) throw error;
    await rm(file, { force: true });
  }
  await syncFolder(dirname(path));
}

/** The lock under which references are written and unreferenced parts deleted. */
export async function lockStore(store: Store): Promise<FileLock> {
  await mkdir(store.root, { recursive: true, mode: 0o700 });
  const lock = await takeOsLock(join(store.root, 'store.lock'), { waitMs: 60_000 });
  if (lock !== undefined) return lock;
  throw new AgnesError('workspace_busy', `Another agnes command holds the store ${store.root}.`, {
    hint: 'Wait until it has finished, then run the command again.',
  });
}

/** A folder for this pull's unfinished downloads; no other process writes into it. */
export interface Intake extends AsyncDisposable {
  readonly folder: string;
}

/**
 * Opens an intake and moves into it what pulls that have died left unfinished: each intake is locked by its owner, so one
 * that can be locked has none. A partial download is named `<sha256>.part`.
 */
export async function openIntake(store: Store): Promise<Intake> {
  await using _alone = await lockStore(store);
  const parent = join(store.root, 'tmp');
  const folder = join(parent, randomBytes(8).toString('hex'));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const lock = await takeOsLock(join(folder, 'owner.lock'));
  if (lock === undefined) throw new Error('A fresh intake is locked.');
  for (const entry of await readdir(parent, { withFileTypes: true })) {
    const other = join(parent, entry.name);
    // A file there is none of ours: macOS leaves .DS_Store.
    if (entry.isDirectory() && other !== folder) await adopt(other, folder);
  }
  return {
    folder,
    async [Symbol.asyncDispose]() {
      // Alone, because a pull that begins now would adopt the folder as soon as its lock is free.
      await using _alone = await lockStore(store);
      await lock.release();
      // What is unfinished stays for the next pull.
      if ((await readdir(folder)).every((name) => !name.endsWith('.part'))) {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

async function adopt(abandoned: string, folder: string): Promise<void> {
  await using lock = await takeOsLock(join(abandoned, 'owner.lock'));
  if (lock === undefined) return;
  for (const name of await readdir(abandoned)) {
    if (name.endsWith('.part')) await rename(join(abandoned, name), join(folder, name));
  }
  await lock.release();
  await rm(abandoned, { recursive: true, force: true });
}
