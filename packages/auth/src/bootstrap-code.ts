import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readTextIfThere } from '@agnes/durable-files';
import { randomText } from './token-format.ts';

const LENGTH = 32;
const SHAPE = /^[0-9A-Za-z]{32}$/;

/** The file `bootstrap-code` in the state folder: who can read it may make the first administrator. */
export interface BootstrapCode {
  readonly path: string;
  /** The code, or undefined when there is no usable file. */
  read(): Promise<string | undefined>;
  /** Keeps a code that is there, so that one already copied stays good, or writes a new one that only its owner reads. */
  ensure(): Promise<void>;
  remove(): Promise<void>;
}

export function bootstrapCode(stateDir: string): BootstrapCode {
  const path = join(stateDir, 'bootstrap-code');
  const read = async (): Promise<string | undefined> => {
    const text = (await readTextIfThere(path))?.trim();
    return text !== undefined && SHAPE.test(text) ? text : undefined;
  };
  const remove = () => rm(path, { force: true });
  return {
    path,
    read,
    remove,
    async ensure() {
      if ((await read()) !== undefined) return;
      await remove();
      await writeFile(path, `${randomText(LENGTH)}\n`, { mode: 0o600, flag: 'wx' });
    },
  };
}
