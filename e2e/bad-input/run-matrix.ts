import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Case } from './case.ts';
import { placeBad, placeGood, sourceOf } from './place-files.ts';
import type { Outcome, SourceServer, Version } from './source-server.ts';

/** What is known of the tables before and after their files went bad. */
export interface MatrixRun {
  readonly before: ReadonlyMap<string, Version>;
  readonly after: ReadonlyMap<string, Version>;
  readonly first: Outcome;
  readonly second: Outcome;
}

/** Names that come before and after those of all cases. One stays as it is, the others have a new row. */
export const NEIGHBOURS = ['a_neighbour', 'm_neighbour', 'z_neighbour'] as const;
export const UNCHANGED = 'm_neighbour';

/** Publishes good files of all cases in one sync, replaces them by the bad ones, and syncs once more. */
export async function runMatrix(server: SourceServer, cases: readonly Case[]): Promise<MatrixRun> {
  const names = cases.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`There are two cases of the name ${twice}.`);
  for (const name of NEIGHBOURS) {
    await writeFile(join(server.files, `${name}.csv`), 'id,v\n1,good\n');
    await server.register(name, `${name}.csv`);
  }
  for (const one of cases) {
    await placeGood(one, join(server.files, one.name), server.connection);
    await server.register(one.name, `${one.name}/${sourceOf(one)}`);
  }
  const first = await server.sync();
  const before = await server.versions();
  for (const one of cases) {
    await placeBad(one, join(server.files, one.name));
    if (one.columnTypes === undefined) continue;
    await server.client.updateTable({ params: { id: one.name }, body: { column_types: { ...one.columnTypes } } });
  }
  for (const name of NEIGHBOURS) {
    if (name !== UNCHANGED) await writeFile(join(server.files, `${name}.csv`), 'id,v\n1,good\n2,new\n');
  }
  const second = await server.sync();
  return { before, after: await server.versions(), first, second };
}
