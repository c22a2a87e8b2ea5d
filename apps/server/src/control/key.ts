import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readTextIfThere, writeFileAtomically } from '@agnes/durable-files';

const SHAPE = /^[0-9a-f]{64}$/;
const keyFile = (stateDir: string): string => join(stateDir, 'control-key');

/** Writes a new key that only the owner of the state folder reads. */
export async function writeControlKey(stateDir: string): Promise<string> {
  const key = randomBytes(32).toString('hex');
  await writeFileAtomically(keyFile(stateDir), `${key}\n`, { mode: 0o600 });
  return key;
}

/** The key of the server that runs, or ran last; undefined when none ever did. */
export async function readControlKey(stateDir: string): Promise<string | undefined> {
  const key = (await readTextIfThere(keyFile(stateDir)))?.trim();
  return key !== undefined && SHAPE.test(key) ? key : undefined;
}
