import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repositoryRoot } from '@agnes/testkit';

/** The tables of `npm run demo`, by name: the demo's own list, so that a table added there is compared here. */
export async function demoTables(): Promise<Readonly<Record<string, { readonly file: string }>>> {
  const list = pathToFileURL(join(repositoryRoot, 'scripts', 'demo', 'tables.ts')).href;
  const { TABLES } = (await import(list)) as { TABLES: Record<string, { file: string }> };
  return TABLES;
}

/** Where their files are. */
export const demoFiles = join(repositoryRoot, 'node_modules', 'vega-datasets', 'data');
