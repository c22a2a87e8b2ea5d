import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chooseServer } from '../connect.ts';
import { readDefaultServer, writeDefaultServer } from './default-server.ts';
import { configFolder, type Environment, storeFolder } from './folders.ts';
import { readToken, removeToken, saveToken } from './tokens.ts';

let folder: string;
let env: Environment;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-settings-'));
  env = { AGNES_CONFIG_DIR: folder, AGNES_LOCAL_DIR: folder };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const [one, two] = ['https://one.example.com', 'https://two.example.com/agnes'];

describe('tokens', () => {
  test('are kept by server', async () => {
    await saveToken(env, one, { access_token: 'a', email: 'ann@example.com' });
    await saveToken(env, two, { access_token: 'b', email: '' });
    expect(await readToken(env, one, undefined)).toEqual({ access_token: 'a', email: 'ann@example.com' });
    expect(await removeToken(env, one, undefined)).toBe(true);
    expect(await readToken(env, one, undefined)).toBeUndefined();
    expect(await readToken(env, two, undefined)).toMatchObject({ access_token: 'b' });
  });

  test('of the older form belong to the default server alone', async () => {
    await writeFile(join(folder, 'token.json'), '\uFEFF{"access_token": "old", "email": "", "role": "admin"}');
    expect(await readToken(env, one, one)).toMatchObject({ access_token: 'old' });
    expect(await readToken(env, two, one)).toBeUndefined();
  });

  test('of the older form stay with the default server when another one gets a token', async () => {
    await writeDefaultServer(env, one);
    await writeFile(join(folder, 'token.json'), '{"access_token": "old", "email": ""}');
    await saveToken(env, two, { access_token: 'b', email: '' });
    expect(await readToken(env, one, one)).toMatchObject({ access_token: 'old' });
    expect(await readToken(env, two, one)).toMatchObject({ access_token: 'b' });
  });

  test('that cannot be read say what to do', async () => {
    await writeFile(join(folder, 'token.json'), '{');
    await expect(readToken(env, one, one)).rejects.toMatchObject({ code: 'not_signed_in', exitCode: 7 });
  });
});

describe('the default server', () => {
  test('is read back, and other keys of a hand-written file stay', async () => {
    expect(await readDefaultServer(env)).toBeUndefined();
    await writeDefaultServer(env, one);
    expect(await readDefaultServer(env)).toBe(one);
    await writeFile(join(folder, 'config.yaml'), 'server: "https://two.example.com/agnes/"\nother: [1]\n');
    expect(await readDefaultServer(env)).toBe(two);
    await writeDefaultServer(env, one);
    expect(await readFile(join(folder, 'config.yaml'), 'utf8')).toContain('other:');
    expect(await readDefaultServer(env)).toBe(one);
  });

  test('of a broken file is an error', async () => {
    await writeFile(join(folder, 'config.yaml'), 'a: [');
    await expect(readDefaultServer(env)).rejects.toMatchObject({ code: 'usage' });
  });
});

test('the server is chosen by flag, environment, workspace, settings', async () => {
  await expect(chooseServer(env)).rejects.toMatchObject({
    code: 'usage',
    hint: expect.stringContaining('agnes auth login'),
  });
  await writeDefaultServer(env, one);
  expect(await chooseServer(env)).toMatchObject({ server: one, from: 'settings' });
  await mkdir(join(folder, '.agnes'));
  const time = '2026-01-02T03:04:05.000Z';
  const file = { format: 1, server: two, created_at: time, initialized_at: time, agnes_version: '0' };
  await writeFile(join(folder, '.agnes', 'workspace.json'), JSON.stringify(file));
  await mkdir(join(folder, 'deep', 'er'), { recursive: true });
  const deep = { ...env, AGNES_LOCAL_DIR: join(folder, 'deep', 'er') };
  expect(await chooseServer(deep)).toMatchObject({ server: two, from: 'workspace' });
  expect(await chooseServer({ ...deep, AGNES_SERVER: 'http://localhost:1/' })).toMatchObject({
    server: 'http://localhost:1',
    from: 'environment',
  });
  expect(await chooseServer(deep, 'http://localhost:2')).toMatchObject({ server: 'http://localhost:2', from: 'flag' });
});

test.each([
  [{ XDG_CACHE_HOME: '/c' }, 'linux', join('/c', 'agnes', 'store')],
  [{}, 'darwin', join('Library', 'Caches', 'agnes', 'store')],
  [{ LOCALAPPDATA: 'L' }, 'win32', join('L', 'agnes', 'store')],
  [{}, 'linux', join('.cache', 'agnes', 'store')],
] as const)('with %j on %s parts are in %s', (some, platform, path) => {
  expect(storeFolder(some, platform).endsWith(path)).toBe(true);
});

test('AGNES_CONFIG_DIR says where settings are', () => {
  expect(configFolder({ AGNES_CONFIG_DIR: folder })).toBe(folder);
  expect(configFolder({ APPDATA: 'A' }, 'win32')).toBe(join('A', 'agnes'));
});
