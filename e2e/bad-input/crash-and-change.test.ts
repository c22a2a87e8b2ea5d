import { appendFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contentOf, type SourceServer, startSourceServer } from './source-server.ts';

let server: SourceServer;
beforeAll(async () => {
  server = await startSourceServer();
});
afterAll(() => server?.[Symbol.asyncDispose]());

async function rowsOf(name: string): Promise<unknown> {
  const version = (await server.versions()).get(name);
  return version === undefined ? undefined : (await contentOf(server, version)).rows;
}

/** Tables around the one that is bad, with a new row each time. */
async function neighbours(names: readonly string[], value: string): Promise<void> {
  for (const name of names) await writeFile(join(server.files, `${name}.csv`), `id,v\n1,${value}\n`);
}

test('a file that kills the reader costs its own table only, and the failure names it', async () => {
  await neighbours(['after', 'before'], 'old');
  for (const name of ['after', 'before']) await server.register(name, `${name}.csv`);
  await writeFile(join(server.files, 'deep.json'), '[{"id":1}]');
  await server.register('deep', 'deep.json');
  expect((await server.sync()).failed).toStrictEqual([]);

  await neighbours(['after', 'before'], 'new');
  await writeFile(join(server.files, 'deep.json'), `[{"id":1,"v":${'['.repeat(100_000)}1${']'.repeat(100_000)}}]`);
  const { failed } = await server.sync();
  expect(failed.map(({ item }) => item)).toStrictEqual(['deep']);
  expect(failed[0]?.message).toContain('deep.json');
  expect(failed[0]?.hint).toBeTruthy();
  expect(await rowsOf('deep')).toStrictEqual([{ id: 1 }]);
  for (const name of ['after', 'before']) expect(await rowsOf(name)).toStrictEqual([{ id: 1, v: 'new' }]);
  await server.client.unregisterTable({ params: { id: 'deep' } });
});

test('a file that grows while it is read is refused, and published once it rests', async () => {
  const path = join(server.files, 'growing.csv');
  const lines = Array.from({ length: 100_000 }, (_, index) => `${index},x`).join('\n');
  await writeFile(path, 'id,v\n1,x\n');
  await server.register('growing', 'growing.csv');
  await server.sync(['growing']);
  await writeFile(path, `id,v\n${lines}\n`);
  const timer = setInterval(() => appendFileSync(path, '7,y\n'), 5);
  const { failed } = await server.sync(['growing', 'before']);
  clearInterval(timer);
  expect(failed).toMatchObject([{ item: 'growing', code: 'source_file_changed' }]);
  expect(failed[0]?.message).toContain('growing.csv');
  expect(failed[0]?.hint).toContain('rename');
  expect(await rowsOf('growing')).toStrictEqual([{ id: 1, v: 'x' }]);
  expect((await server.sync(['growing'])).failed).toStrictEqual([]);
  await rm(path);
});

const NAMES = [
  ['a word of SQL', 'select'],
  ['a word of SQL in capitals', 'Table'],
  ['300 characters', 'n'.repeat(300)],
  ['letters that are not ASCII', 'objednávky'],
  ['a quote', 'a"b'],
  ['a single quote', "a'b"],
  ['a slash', '../up'],
  ['a backslash', 'a\\b'],
  ['a dot', 'a.b'],
  ['a space', 'a b'],
  ['a line end', 'a\nb'],
  ['a digit first', '1a'],
  ['nothing', ''],
  ['the name of a table of the contract', '_meta'],
  ['a key that programs drop', '__proto__'],
] as const;

test.each(NAMES)(
  'a table cannot be registered by a name with %s, and the hint has one that can',
  async (_what, name) => {
    const refusal: unknown = await server.register(name, 'before.csv').catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'invalid_table_name' });
    const { hint } = refusal as { hint: string };
    const suggestion = /for example: (\w+)/.exec(hint)?.[1] ?? '';
    expect(
      (await server.client.precheckTable({ body: { name: suggestion, source_type: 'local', source_table: 'x.csv' } }))
        .ok,
    ).toBe(true);
  },
);

test('a name that differs by letter case only is taken', async () => {
  await expect(server.register('BEFORE', 'before.csv')).rejects.toMatchObject({ code: 'table_exists' });
  process.stdout.write(`bad names at registration: ${NAMES.length + 1} refused with a hint, violations 0\n`);
});

test.each([
  ['outside of the roots', '../secret.csv'],
  ['absolute, elsewhere', '/etc/passwd'],
])('a place %s is refused at registration', async (_what, place) => {
  await expect(server.register('elsewhere', place)).rejects.toMatchObject({ code: 'source_path_refused' });
});
