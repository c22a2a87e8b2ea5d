import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrorCode } from '@agnes/durable-files';
import { messageOf } from '@agnes/errors';

export interface SizeLimits {
  /** What may be written in all, in bytes. */
  readonly outputBytes: number;
  /** What of the disk has to stay free, in bytes: the server's state may lie there too. */
  readonly keepFreeBytes: number;
}

const LOOK_MS = 500;
/** Folders come and go while they are counted, so a look may fail; ten failed looks in a row count as too much. */
const MOST_FAILED_LOOKS = 10;

/**
 * Fires, with what happened as its reason, when the files below a folder become too much: an extract's view may yield rows
 * without end. What cannot be measured counts as too much.
 */
export function watchSize(folder: string, limits: SizeLimits): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  let busy = false;
  let failed = 0;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    tooMuch(folder, limits).then(
      (reason) => {
        busy = false;
        failed = 0;
        if (reason !== undefined) controller.abort(reason);
      },
      (error: unknown) => {
        busy = false;
        failed += 1;
        if (hasErrorCode(error, 'ENOENT') && failed < MOST_FAILED_LOOKS) return;
        controller.abort(`writes what cannot be measured (${messageOf(error)})`);
      },
    );
  }, LOOK_MS);
  return { signal: controller.signal, stop: () => clearInterval(timer) };
}

async function tooMuch(folder: string, { outputBytes, keepFreeBytes }: SizeLimits): Promise<string | undefined> {
  const size = await sizeOf(folder);
  if (size > outputBytes) return `wrote more than the ${outputBytes} bytes that it may`;
  const { bavail, bsize } = await statfs(folder);
  // What wrote nothing is not the one that fills the disk.
  if (size > 0 && bavail * bsize < keepFreeBytes) {
    return `was about to fill the disk: ${bavail * bsize} bytes are left`;
  }
  return undefined;
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(({ parentPath, name }) => sizeIfThere(join(parentPath, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** A file that went away since its folder was listed takes no space. */
async function sizeIfThere(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return 0;
    throw error;
  }
}
