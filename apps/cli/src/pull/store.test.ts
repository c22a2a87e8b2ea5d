import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sweepParts, writeRefs } from './refs.ts';
import { admitPart, hasPart, openIntake, type Store } from './store.ts';

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-store-'));
  store = { root: join(folder, 'store') };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const hash = (letter: string): string => letter.repeat(64);

async function put(letter: string): Promise<void> {
  await using intake = await openIntake(store);
  const file = join(intake.folder, `${hash(letter)}.part`);
  await writeFile(file, 'four');
  await admitPart(store, file, hash(letter), 4);
}

async function workspace(name: string): Promise<string> {
  await mkdir(join(folder, name, '.agnes'), { recursive: true });
  await writeFile(join(folder, name, '.agnes', 'workspace.json'), '{}');
  return join(folder, name);
}

test('a sweep deletes what no living workspace refers to', async () => {
  for (const letter of ['a', 'b', 'c', 'd']) await put(letter);
  const [one, two] = [await workspace('one'), await workspace('two')];
  await writeRefs(store, one, [hash('a')]);
  await writeRefs(store, two, [hash('b')]);
  await writeRefs(store, join(folder, 'deleted'), [hash('c')]);
  expect(await sweepParts(store)).toBe(2);
  expect(await hasPart(store, hash('a'), 4)).toBe(true);
  expect(await hasPart(store, hash('a'), 5)).toBe(false);
  expect(await hasPart(store, hash('c'), 4)).toBe(false);
  expect(await readdir(join(store.root, 'refs'))).toHaveLength(2);
});

test('an intake takes over what the dead have left, and nothing of the living', async () => {
  const abandoned = join(store.root, 'tmp', 'dead');
  await mkdir(abandoned, { recursive: true });
  await writeFile(join(abandoned, `${hash('a')}.part`), 'fo');
  await using living = await openIntake(store);
  expect(await readdir(living.folder)).toContain(`${hash('a')}.part`);
  await using second = await openIntake(store);
  expect(await readdir(second.folder)).not.toContain(`${hash('a')}.part`);
  expect((await readdir(join(store.root, 'tmp'))).length).toBe(2);
});

test('an intake that is closed leaves unfinished downloads for the next', async () => {
  {
    await using intake = await openIntake(store);
    await writeFile(join(intake.folder, `${hash('b')}.part`), 'f');
  }
  {
    await using next = await openIntake(store);
    expect(await readdir(next.folder)).toContain(`${hash('b')}.part`);
    await rm(join(next.folder, `${hash('b')}.part`));
  }
  expect(await readdir(join(store.root, 'tmp'))).toEqual([]);
});
