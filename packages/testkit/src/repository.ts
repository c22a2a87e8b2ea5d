import { join } from 'node:path';

/** The root of this repository: the testkit is only ever run from within it. */
export const repositoryRoot = join(import.meta.dirname, '..', '..', '..');
