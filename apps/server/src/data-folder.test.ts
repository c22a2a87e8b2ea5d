import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@agnes/testkit';
import { describe, expect, test } from 'vitest';
import { prepareDataFolder } from './data-folder.ts';

const configFor = (dataDir: string) => ({
  dataDir,
  stateDir: join(dataDir, 'state'),
  filesRoots: [join(dataDir, 'files')],
});

describe('the data folder', () => {
  test('is made, and its state is open to nobody else', async () => {
    const folder = await temporaryFolder('data-folder-');
    try {
      const dataDir = join(folder.path, 'deep', 'data');
      await mkdir(join(dataDir, 'state'), { recursive: true, mode: 0o755 });
      await prepareDataFolder(configFor(dataDir));
      expect((await readdir(dataDir)).sort()).toEqual(['analytics', 'blobs', 'extracts', 'files', 'state', 'tmp']);
      if (process.platform !== 'win32') expect((await stat(join(dataDir, 'state'))).mode & 0o777).toBe(0o700);
    } finally {
      await folder[Symbol.asyncDispose]();
    }
  });

  test.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
    'that may not be written to is refused by name',
    async () => {
      const folder = await temporaryFolder('data-folder-');
      try {
        await chmod(folder.path, 0o500);
        await expect(prepareDataFolder(configFor(folder.path))).rejects.toMatchObject({
          code: 'invalid_config',
          message: expect.stringContaining(folder.path),
        });
      } finally {
        await chmod(folder.path, 0o700);
        await folder[Symbol.asyncDispose]();
      }
    },
  );

  test('a file in the place of a folder is refused by name', async () => {
    const folder = await temporaryFolder('data-folder-');
    try {
      await writeFile(join(folder.path, 'blobs'), '');
      await expect(prepareDataFolder(configFor(folder.path))).rejects.toMatchObject({
        code: 'invalid_config',
        message: expect.stringContaining('it is a file'),
        hint: expect.stringContaining('DATA_DIR'),
      });
    } finally {
      await folder[Symbol.asyncDispose]();
    }
  });
});
