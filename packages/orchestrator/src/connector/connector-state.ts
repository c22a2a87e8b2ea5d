import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Json } from '@agnes/duckdb';
import { hasErrorCode, writeFileAtomically } from '@agnes/durable-files';

/**
 * What a connector asked to be told again lies beside its extract, so that a watermark never outlives the data that it
 * speaks of: who deletes the folder starts anew.
 */
const STATE_FILE = 'connector-state.json';

/** Undefined when there is none, or none that can be read: the connector then starts anew, which loses nothing. */
export async function readState(outputDir: string): Promise<Json | undefined> {
  try {
    return JSON.parse(await readFile(join(outputDir, STATE_FILE), 'utf8')) as Json;
  } catch (error) {
    if (error instanceof SyntaxError || hasErrorCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

export async function writeState(outputDir: string, state: Json): Promise<void> {
  await writeFileAtomically(join(outputDir, STATE_FILE), JSON.stringify(state), { mode: 0o600 });
}
