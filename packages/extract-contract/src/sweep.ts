import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '@agnes/duckdb';
import { hasErrorCode } from '@agnes/durable-files';
import { DATA_FOLDER, EXTRACT_FILE } from './tables.ts';

/** Only names that the writer gives: a file of anybody else is never touched. */
const PART_NAME = /^(tmp_)?w[0-9a-z]{13,40}-\d+-\d+\.parquet$/;
const PART_NAMES = /w[0-9a-z]{13,40}-\d+-\d+\.parquet/g;
const TEMPORARY_NAME = new RegExp(
  `^(${EXTRACT_FILE.replace('.', '\\.')}\\.[0-9a-f]+\\.tmp(\\.wal)?|\\.tmp-w[0-9a-z]+)$`,
);

/**
 * Removes part files that the extract no longer names and what killed writers left, when older than the grace period:
 * somebody may be publishing the version before. `own`, the temporary folder of the writer that asks, stays.
 */
export async function sweep(folder: string, own: string, gracePeriodMs: number): Promise<void> {
  const before = Date.now() - gracePeriodMs;
  const named = await namedParts(folder);
  const candidates = (await namesIn(folder))
    .filter((name) => TEMPORARY_NAME.test(name) && name !== own)
    .map((name) => join(folder, name));
  const dataFolder = join(folder, DATA_FOLDER);
  for (const table of await namesIn(dataFolder)) {
    for (const name of await namesIn(join(dataFolder, table))) {
      if (PART_NAME.test(name) && !named.has(name)) candidates.push(join(dataFolder, table, name));
    }
  }
  for (const path of candidates) await removeIfOlder(path, before);
}

/**
 * Every part that a row of `_parts` or a view names, whatever else is wrong with its table. Names, not paths: no two writes
 * give the same one, and a path says where the folder was when it was written.
 */
async function namedParts(folder: string): Promise<ReadonlySet<string>> {
  await using database = await openDatabase(join(folder, EXTRACT_FILE), { readOnly: true });
  await using connection = await database.connect();
  const texts = await connection.rows<{ text: string | null }>(
    'SELECT path AS text FROM _parts UNION ALL SELECT sql FROM duckdb_views() WHERE NOT internal',
  );
  return new Set(texts.flatMap(({ text }) => text?.match(PART_NAMES) ?? []));
}

async function removeIfOlder(path: string, before: number): Promise<void> {
  try {
    if ((await stat(path)).mtimeMs <= before) await rm(path, { recursive: true, force: true });
  } catch (error) {
    // Another writer may sweep at the same time; on Windows a file that somebody reads stays until the next sweep.
    if (hasErrorCode(error, 'ENOENT') || (process.platform === 'win32' && hasErrorCode(error, 'EBUSY', 'EPERM')))
      return;
    throw error;
  }
}

/** None for what is no folder: not every name in `data` is one. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}
