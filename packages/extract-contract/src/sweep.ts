import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readExtract } from './reader.ts';
import { DATA_FOLDER, EXTRACT_FILE } from './tables.ts';

/** Only names that the writer gives: a file of anybody else is never touched. */
const PART_NAME = /^(tmp_)?w[0-9a-z]{13,}-\d+-\d+\.parquet$/;
const TEMPORARY_NAME = new RegExp(
  `^(${EXTRACT_FILE.replace('.', '\\.')}\\.[0-9a-f]+\\.tmp(\\.wal)?|\\.tmp-w[0-9a-z]+)$`,
);

/**
 * Removes part files that the extract no longer names and what killed writers left, when older than the grace period:
 * somebody may be publishing the version before.
 */
export async function sweep(folder: string, gracePeriodMs: number, now: number = Date.now()): Promise<void> {
  const named = new Set((await readExtract(folder)).tables.flatMap((table) => table.parts.map((part) => part.path)));
  const candidates = (await namesIn(folder))
    .filter((name) => TEMPORARY_NAME.test(name))
    .map((name) => join(folder, name));
  const dataFolder = join(folder, DATA_FOLDER);
  for (const table of await namesIn(dataFolder)) {
    for (const name of await namesIn(join(dataFolder, table))) {
      const path = join(dataFolder, table, name);
      if (PART_NAME.test(name) && !named.has(path)) candidates.push(path);
    }
  }
  for (const path of candidates) {
    if (await isOlder(path, now - gracePeriodMs)) await rm(path, { recursive: true, force: true });
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return absentAs([], () => readdir(folder));
}

async function isOlder(path: string, time: number): Promise<boolean> {
  return absentAs(false, async () => (await stat(path)).mtimeMs <= time);
}

/** Another writer may sweep at the same time, and not every name in `data` is a folder. */
async function absentAs<T>(otherwise: T, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return otherwise;
    throw error;
  }
}
