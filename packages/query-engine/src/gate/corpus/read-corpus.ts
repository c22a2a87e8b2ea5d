import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Case {
  readonly family: string;
  readonly sql: string;
}

/** The cases of a corpus: one statement a line, `␤` for a line break in it, `-- # name` above each family. */
export function readCorpus(file: string): readonly Case[] {
  const cases: Case[] = [];
  let family = '';
  for (const line of readFileSync(join(import.meta.dirname, file), 'utf8').split('\n')) {
    if (line.startsWith('-- # ')) family = line.slice(5);
    else if (line !== '') cases.push({ family, sql: line.replaceAll('␤', '\n') });
  }
  return cases;
}
