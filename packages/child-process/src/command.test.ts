import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { conditions, minimalEnvironment, nodeCommand, residentBytes, watchMemory } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'agnes child '));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function moduleWith(source: string): string {
  const path = join(folder, `module-${Math.random().toString(36).slice(2)}.mjs`);
  writeFileSync(path, source);
  return path;
}

function output(entry: string, confinement = {}): string {
  const { file, args } = nodeCommand(entry, confinement);
  return execFileSync(file, args, { env: minimalEnvironment(folder), encoding: 'utf8' });
}

describe('a confined child', () => {
  test('runs from a path with a space and from a file URL', () => {
    const path = moduleWith('process.stdout.write("here")');
    expect(output(path)).toBe('here');
    expect(output(pathToFileURL(path).href)).toBe('here');
  });

  test('gets none of the environment but what Node itself needs', () => {
    process.env.AGNES_TEST_SECRET = 'hunter2';
    const seen = output(moduleWith('process.stdout.write(JSON.stringify(process.env))'));
    delete process.env.AGNES_TEST_SECRET;
    expect(seen).not.toContain('hunter2');
    expect(JSON.parse(seen)).toMatchObject({ TZ: 'UTC', TMPDIR: folder });
  });

  test.runIf(process.platform === 'linux')('cannot allocate more than its cap, and Node still runs under it', () => {
    const source =
      'try { Buffer.alloc(900_000_000, 1); process.stdout.write("got it") } catch { process.stdout.write("refused") }';
    expect(output(moduleWith(source), { dataBytes: 600_000_000 })).toBe('refused');
    expect(output(moduleWith(source), { dataBytes: 4_000_000_000 })).toBe('got it');
  });

  test.runIf(process.platform === 'linux')('dies when its parent is killed', async () => {
    const sleeper = nodeCommand(moduleWith('setInterval(() => {}, 1000); process.stdout.write(String(process.pid))'));
    const parent = moduleWith(`
      import { spawn } from 'node:child_process';
      spawn(${JSON.stringify(sleeper.file)}, ${JSON.stringify(sleeper.args)}, { stdio: ['ignore', 'inherit', 'inherit'] });
      setInterval(() => {}, 1000);`);
    const process_ = spawn(process.execPath, [parent], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [chunk] = (await once(process_.stdout, 'data')) as [Buffer];
    const child = Number(chunk.toString());
    process_.kill('SIGKILL');
    await expect.poll(() => isAlive(child), { timeout: 10_000 }).toBe(false);
  });
});

test('a child that holds more memory than it may is noticed, once', async () => {
  const { file, args } = nodeCommand(
    moduleWith('const b = Buffer.alloc(300_000_000, 1); setInterval(() => b.length, 1000)'),
  );
  const child = spawn(file, args, { stdio: 'ignore' });
  const pid = child.pid ?? 0;
  await new Promise<void>((resolve) => watchMemory(pid, 200_000_000, resolve, { always: true }));
  expect(await residentBytes(pid)).toBeGreaterThan(200_000_000);
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  expect(await residentBytes(pid)).toBeUndefined();
});

test('conditions of the parent are handed down, whichever way they are written', () => {
  expect(conditions(['--conditions=a', '-C', 'b', '--conditions', 'c', '--inspect'])).toEqual([
    '--conditions=a',
    '--conditions=b',
    '--conditions=c',
  ]);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
