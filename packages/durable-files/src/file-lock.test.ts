import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { isThere, readTextIfThere, takeFileLock } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'agnes lock '));
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Another process that holds the lock until it is killed. */
async function holdElsewhere(path: string, text: string): Promise<ChildProcess> {
  const source = `
    import { takeFileLock } from ${JSON.stringify(import.meta.resolve('./file-lock.ts'))};
    const [path, text] = process.argv.slice(1);
    const lock = await takeFileLock(path, { holder: { file: path + '.holder', text } });
    process.stdout.write(lock === undefined ? 'refused' : 'held');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source, path, text], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  expect(said.toString()).toBe('held');
  return child;
}

test('one process at a time holds it, and who does stands beside it', async () => {
  const path = join(folder, 'two processes');
  await holdElsewhere(path, 'the other one');
  expect(await takeFileLock(path)).toBeUndefined();
  expect(await readTextIfThere(`${path}.holder`)).toBe('the other one');
});

test('kill -9 of the holder frees it, for one who waits too', async () => {
  const path = join(folder, 'killed');
  const child = await holdElsewhere(path, 'the dead one');
  const waiting = takeFileLock(path, { waitMs: 20_000, holder: { file: `${path}.holder`, text: 'the next one' } });
  child.kill('SIGKILL');
  const lock = await waiting;
  expect(lock).toBeDefined();
  expect(await readFile(`${path}.holder`, 'utf8')).toBe('the next one');
  await lock?.release();
  expect(await isThere(`${path}.holder`)).toBe(false);
});

test('it holds inside one process too, and is free after its release', async () => {
  const path = join(folder, 'one process');
  const first = await takeFileLock(path);
  expect(await takeFileLock(path, { waitMs: 50 })).toBeUndefined();
  await first?.release();
  await first?.release();
  await using second = await takeFileLock(path);
  expect(second).toBeDefined();
});

test('a folder that is not there is an error, not a lock that somebody holds', async () => {
  await expect(takeFileLock(join(folder, 'nowhere', 'lock'))).rejects.toThrow(/unable to open/);
});

test('a holder that cannot be named leaves the lock free', async () => {
  const path = join(folder, 'unnamed');
  await expect(takeFileLock(path, { holder: { file: join(path, 'holder'), text: '' } })).rejects.toThrow();
  await using lock = await takeFileLock(path);
  expect(lock).toBeDefined();
});
