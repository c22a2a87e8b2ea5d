import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { snapshotsToKeep } from './duckdb/snapshots.ts';
import { bumpVersion, openState, readVersion, restoreSnapshot, type Snapshot } from './index.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-recovery-'));
  path = join(folder, 'system.duckdb');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const clock = (start: string) => {
  let time = new Date(start).getTime();
  return { now: () => new Date(time), pass: (minutes: number) => (time += minutes * 60_000) };
};

describe('the owner lock', () => {
  test('lets one in at a time, within a process too, and names who is in', async () => {
    const state = await openState({ path, now: () => new Date('2026-11-20T10:00:00Z') });
    await expect(openState({ path })).rejects.toMatchObject({
      code: 'state_locked',
      message: expect.stringMatching(new RegExp(`process ${process.pid} on .* since 2026-11-20T10:00:00.000Z`)),
      hint: expect.any(String),
    });
    await expect(restoreSnapshot(path, 'any')).rejects.toMatchObject({ code: 'state_locked' });
    await state.close();
    await (await openState({ path })).close();
  });

  test('is freed by kill -9, and prints no warning', async () => {
    const script = `
      const { openState } = await import(process.argv[1]);
      await openState({ path: process.argv[2] });
      process.stdout.write('open');
      setInterval(() => {}, 1000);`;
    const module = new URL('./index.ts', import.meta.url).href;
    const child = spawn(
      process.execPath,
      ['--conditions=@agnes/source', '--input-type=module', '-e', script, module, path],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += String(chunk);
    });
    await once(child.stdout, 'data');
    await expect(openState({ path })).rejects.toMatchObject({
      code: 'state_locked',
      message: expect.stringContaining(`process ${child.pid} on`),
    });
    child.kill('SIGKILL');
    await once(child, 'close');
    await (await openState({ path })).close();
    expect(stderr).toBe('');
  });
});

describe('a file that does not open', () => {
  async function stateWithSnapshot(): Promise<Snapshot> {
    const time = clock('2026-11-20T10:00:00Z');
    const state = await openState({ path, now: time.now });
    await state.write((tx) => bumpVersion(tx, 'data_version'));
    const snapshot = await state.snapshot('daily');
    await state.write((tx) => bumpVersion(tx, 'data_version'));
    await state.close();
    return snapshot;
  }

  test.each([
    ['overwritten', () => writeFile(path, 'not a database'.repeat(1000))],
    ['cut off', () => truncate(path, 5000)],
    ['emptied', () => truncate(path, 0)],
    ['removed', () => rm(path)],
  ])('%s: stops, names the snapshots and their age, changes nothing', async (_how, damage) => {
    const { name } = await stateWithSnapshot();
    await damage();
    const before = existsSync(path) ? await readFile(path) : undefined;
    await expect(openState({ path, now: () => new Date('2026-11-20T13:00:00Z') })).rejects.toMatchObject({
      code: 'state_corrupt',
      message: expect.stringContaining(`${name} (3 h old)`),
      hint: expect.stringContaining(`agnes-server state restore ${name}`),
      details: { snapshots: [{ name, age_seconds: 10_800 }] },
    });
    expect(existsSync(path) ? await readFile(path) : undefined).toEqual(before);

    const { kept } = await restoreSnapshot(path, name);
    expect(kept.length).toBe(before === undefined ? 0 : 1);
    for (const file of kept) {
      expect(await readFile(file)).toEqual(before);
    }
    const state = await openState({ path });
    expect(await readVersion(state.db, 'data_version')).toBe(1);
    await state.close();
  });

  test('without a snapshot says that there is none', async () => {
    await writeFile(path, 'not a database'.repeat(1000));
    await expect(openState({ path })).rejects.toMatchObject({
      code: 'state_corrupt',
      message: expect.stringContaining('no snapshot'),
    });
  });

  test('an unknown snapshot and a broken one are refused before anything is moved', async () => {
    const { path: copy, name } = await stateWithSnapshot();
    await expect(restoreSnapshot(path, '../system')).rejects.toMatchObject({ code: 'not_found' });
    await writeFile(copy, 'broken');
    await expect(restoreSnapshot(path, name)).rejects.toMatchObject({ code: 'state_corrupt' });
    const state = await openState({ path });
    expect(await readVersion(state.db, 'data_version')).toBe(2);
    await state.close();
  });
});

describe('snapshots', () => {
  test('hold what was committed, under a name that sorts by time', async () => {
    const time = clock('2026-11-20T10:00:00.123Z');
    const state = await openState({ path, now: time.now });
    await state.write((tx) => bumpVersion(tx, 'data_version'));
    const [, snapshot] = await Promise.all([
      state.write((tx) => bumpVersion(tx, 'data_version')),
      state.snapshot('by hand'),
      state.write((tx) => bumpVersion(tx, 'data_version')),
    ]);
    expect(snapshot).toMatchObject({ name: '20261120T100000123Z-by-hand', created_at: time.now() });
    expect((await stat(snapshot.path)).size).toBe(snapshot.size_bytes);
    expect(await state.snapshots()).toMatchObject([{ name: snapshot.name, reason: 'by-hand' }]);
    expect(await readdir(join(folder, 'snapshots'))).toEqual([`${snapshot.name}.duckdb`]);
    await state.close();
    const copy = await openState({ path: snapshot.path });
    expect(await readVersion(copy.db, 'data_version')).toBe(2);
    await copy.close();
  });

  test('are taken when something was written and five minutes went by, and once a day', async () => {
    const time = clock('2026-11-20T10:00:00Z');
    const state = await openState({ path, now: time.now });
    const minutes: [number, boolean, string | undefined][] = [
      [0, false, 'recent'],
      [10, false, undefined],
      [1, true, 'recent'],
      [1, true, undefined],
      [5, false, 'recent'],
      [6, false, undefined],
      [24 * 60, false, 'daily'],
    ];
    for (const [pass, write, expected] of minutes) {
      time.pass(pass);
      if (write) {
        await state.write((tx) => bumpVersion(tx, 'data_version'));
      }
      expect((await state.maintain())?.reason).toBe(expected);
    }
    await state.close();
  });

  test('kept are the newest 24, one a day for 14 days, and five from before migrations', () => {
    const now = new Date('2026-11-20T12:00:00Z');
    const at = (hours: number, reason = 'recent') => ({
      name: `${hours}`,
      path: '',
      reason,
      created_at: new Date(now.getTime() - hours * 3_600_000),
      size_bytes: 0,
    });
    const hourly = Array.from({ length: 24 * 40 }, (_, hours) =>
      at(hours, hours >= 900 && hours < 910 ? 'before-0002' : 'recent'),
    );
    const kept = [...snapshotsToKeep(hourly, now)].map(Number).sort((a, b) => a - b);
    const days = Array.from({ length: 13 }, (_, day) => 13 + 24 + 24 * day).filter((hours) => hours <= 336);
    expect(kept).toEqual([...Array.from({ length: 24 }, (_, index) => index), ...days, 900, 901, 902, 903, 904]);
  });
});
