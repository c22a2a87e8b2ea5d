import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Connection, copyToParquet } from '@agnes/duckdb';
import { writeTree } from '@agnes/testkit';
import type { Case } from './case.ts';

/** The file, folder or glob of a case, in its folder. */
export function sourceOf({ source, bad, name }: Case): string {
  if (source !== undefined) return source;
  const [only, ...others] = typeof bad === 'function' ? [] : Object.keys(bad);
  if (only === undefined || others.length > 0) throw new Error(`The case ${name} has to say what its source is.`);
  return only;
}

/** Writes the good files of a case into its folder. */
export async function placeGood(one: Case, folder: string, connection: Connection): Promise<void> {
  await mkdir(folder, { recursive: true });
  if (one.good !== undefined) return writeTree(folder, one.good);
  const source = sourceOf(one);
  const file = source.includes('*') ? source.replaceAll('*', 'a') : source;
  const text = { csv: 'id,v\n1,good\n', tsv: 'id\tv\n1\tgood\n', json: '[{"id":1,"v":"good"}]' }[extensionOf(file)];
  if (extensionOf(file) === 'parquet') {
    await copyToParquet(connection, "SELECT 1::BIGINT AS id, 'good' AS v", join(folder, file));
  } else if (text === undefined && extensionOf(file) !== 'ndjson') {
    throw new Error(`The case ${one.name} has to say what its good file is.`);
  } else {
    await writeTree(folder, { [file]: text ?? '{"id":1,"v":"good"}\n' });
  }
}

/** Takes the good files away and writes the bad ones. */
export async function placeBad({ bad }: Case, folder: string): Promise<void> {
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true });
  if (typeof bad === 'function') await bad(folder);
  else await writeTree(folder, bad);
}

function extensionOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
