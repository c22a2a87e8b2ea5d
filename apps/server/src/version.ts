import { readFileSync } from 'node:fs';
import * as v from 'valibot';

const packageFile = v.object({ version: v.string() });

/** Version of this package. */
export const VERSION = v.parse(
  packageFile,
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')),
).version;
