import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { hasErrorCode, isThere, readTextIfThere, sizeOf, syncFile, syncFolder, writeFileAtomically } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'agnes files '));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a file is replaced whole, with the folders it needs and nothing beside it', async () => {
  const path = join(folder, 'a', 'b', 'settings.json');
  await writeFileAtomically(path, 'old', { mode: 0o600, folderMode: 0o700 });
  await writeFileAtomically(path, 'new', { mode: 0o600 });
  expect(await readFile(path, 'utf8')).toBe('new');
  expect(await readdir(join(folder, 'a', 'b'))).toEqual(['settings.json']);
  if (process.platform !== 'win32') expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('a write that fails leaves what was there and no temporary file', async () => {
  const path = join(folder, 'taken');
  await mkdir(join(path, 'inside'), { recursive: true });
  await expect(writeFileAtomically(path, 'text')).rejects.toThrow();
  expect((await readdir(folder)).filter((name) => name.startsWith('taken'))).toEqual(['taken']);
});

test('what is not there is told apart from what cannot be looked at', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '\uFEFFtext');
  expect([await readTextIfThere(file), await sizeOf(file), await isThere(file)]).toEqual(['text', 7, true]);
  for (const path of [join(folder, 'none'), join(file, 'none')]) {
    expect([await readTextIfThere(path), await sizeOf(path), await isThere(path)]).toEqual([
      undefined,
      undefined,
      false,
    ]);
  }
  await expect(readTextIfThere(folder)).rejects.toSatisfy((error) => hasErrorCode(error, 'EISDIR'));
  const dangling = join(folder, 'dangling');
  await symlink(join(folder, 'none'), dangling);
  expect([await isThere(dangling), await sizeOf(dangling)]).toEqual([true, undefined]);
});

test('files and folders can be synced, read-only ones too, and what is missing is not', async () => {
  const path = join(folder, 'sealed');
  await writeFile(path, 'x', { mode: 0o444 });
  await syncFile(path);
  await syncFolder(folder);
  await expect(syncFile(join(folder, 'none'))).rejects.toSatisfy((error) => hasErrorCode(error, 'ENOENT'));
  if (process.platform === 'win32') return;
  await expect(syncFolder(join(folder, 'none'))).rejects.toSatisfy((error) => hasErrorCode(error, 'ENOENT'));
});
