import { spawn } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openFilesystemBlobs } from './index.ts';

/** Puts random files for ever, and prints each hash once the put has returned. */
const CHILD = `
import { randomBytes, randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
const { openFilesystemBlobs } = await import(process.argv[1]);
const blobs = await openFilesystemBlobs(process.argv[2]);
await Promise.all([1, 2, 3].map(async (worker) => {
  for (;;) {
    const bytes = randomBytes(randomInt(1, 4_000_000));
    const path = join(process.argv[3], 'source-' + worker);
    await writeFile(path, bytes);
    const blob = worker === 1
      ? await blobs.putStream([bytes])
      : await blobs.putFile(path, { move: worker === 2 });
    process.stdout.write(blob.sha256 + '\\n');
  }
}));
`;

test('kill -9 in the middle of puts: each acknowledged blob is whole, each visible file is a whole blob', async () => {
  const runs = Number(process.env.AGNES_CRASH_RUNS ?? 8);
  let acknowledged = 0;
  let lost = 0;
  let torn = 0;
  const folder = await mkdtemp(join(tmpdir(), 'agnes-blobs-crash-'));
  const root = join(folder, 'blobs');
  try {
    for (let run = 0; run < runs; run += 1) {
      const module = new URL('./index.ts', import.meta.url).href;
      const child = spawn(
        process.execPath,
        ['--conditions=@agnes/source', '--input-type=module', '-e', CHILD, module, root, folder],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const names: string[] = [];
      createInterface(child.stdout).on('line', (line) => names.push(line));
      await once(child.stdout, 'data');
      await sleep(randomInt(0, 150));
      child.kill('SIGKILL');
      await once(child, 'close');
      const blobs = await openFilesystemBlobs(root);
      acknowledged += names.length;
      for (const name of names) {
        lost += (await blobs.stat(name)) === undefined ? 1 : 0;
      }
      for (const shard of await readdir(join(root, 'sha256'))) {
        for (const name of await readdir(join(root, 'sha256', shard))) {
          const bytes = await readFile(blobs.path(name));
          torn += createHash('sha256').update(bytes).digest('hex') === name ? 0 : 1;
        }
      }
      await blobs.sweep(() => false, { olderThan: new Date(Date.now() + 60_000) });
      expect(await readdir(join(root, 'tmp'))).toEqual([]);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  process.stdout.write(`blobs: runs ${runs}, acknowledged ${acknowledged}, lost ${lost}, torn ${torn}\n`);
  expect({ lost, torn }).toEqual({ lost: 0, torn: 0 });
});
