import { createReadStream, readFileSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FailureCode, failCalls, stopFailing } from './failing-calls.ts';
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  stopFailing();
  await folder[Symbol.asyncDispose]();
});

/** Eight calls: open, write, sync, close, rename, read, and a look before the removal. */
async function work(): Promise<string> {
  const path = join(folder.path, 'a');
  const file = await open(path, 'w');
  try {
    await file.writeFile('twelve bytes');
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(path, `${path}-b`);
  const text = await readFile(`${path}-b`, 'utf8');
  await rm(`${path}-b`);
  return text;
}

test.each<[FailureCode, number]>([
  ['EIO', 8],
  ['ENOSPC', 4],
  ['EACCES', 5],
  ['EXDEV', 1],
])('%s meets the calls that can end with it, one after another', async (code, many) => {
  await failCalls({ code, folders: [folder.path], nth: 0 });
  expect(await work()).toBe('twelve bytes');
  expect(stopFailing()).toEqual({ calls: many, failed: [] });
  const hit: string[] = [];
  for (let nth = 1; nth <= many; nth += 1) {
    await failCalls({ code, folders: [folder.path], nth });
    await expect(work()).rejects.toMatchObject({ code });
    hit.push(...stopFailing().failed);
    for (const name of await readdir(folder.path)) await rm(join(folder.path, name));
  }
  expect(new Set(hit).size).toBe(many);
});

test('lasting: everything after fails too', async () => {
  await failCalls({ code: 'EIO', folders: [folder.path], nth: 5, lasting: true });
  await expect(work()).rejects.toMatchObject({ code: 'EIO', syscall: 'rename' });
  await expect(readFile(join(folder.path, 'a'))).rejects.toMatchObject({ code: 'EIO' });
  expect(stopFailing().failed).toHaveLength(2);
});

test('a write that fails has written half; files elsewhere are left alone; streams and sync calls count', async () => {
  const [path, beside] = [join(folder.path, 'in', 'a'), join(folder.path, 'in-side')];
  await mkdir(join(folder.path, 'in'));
  await failCalls({ code: 'ENOSPC', folders: [join(folder.path, 'in')], nth: 1 });
  await writeFile(beside, 'whole');
  await expect(writeFile(path, 'half')).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(readFileSync(path, 'utf8')).toBe('ha');
  await failCalls({ code: 'EIO', folders: [folder.path], nth: 2 });
  await expect(createReadStream(path).toArray()).rejects.toMatchObject({ code: 'EIO', syscall: 'read' });
  await failCalls({ code: 'EACCES', folders: [folder.path], nth: 1 });
  expect(() => readFileSync(path)).toThrow('EACCES');
});
