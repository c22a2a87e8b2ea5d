import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { administer, createTestDatabase } from '@agnes/testkit';
import { pgTable, text } from 'drizzle-orm/pg-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { copyState, inspectState, openState, schema } from './index.ts';
import { openStateWith } from './state.ts';

const { users, settings, userGroups } = schema;
const now = new Date('2026-03-29T01:30:00.123Z');
const user = (id: string) => ({ id, email: `${id}@example.com`, created_at: now, updated_at: now });
let folder: string;
let url: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-postgres-state-'));
  path = join(folder, 'system.duckdb');
  ({ url } = await createTestDatabase());
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('one owner', () => {
  test('a second one is refused, and told who it is; after the first has closed it opens', async () => {
    const first = await openState({ url });
    await expect(openState({ url })).rejects.toMatchObject({
      code: 'state_locked',
      message: expect.stringContaining(`process ${process.pid}`),
      hint: expect.any(String),
    });
    await first.close();
    await (await openState({ url })).close();
  });

  test('who lost the lock to another one writes nothing more, and says so; who regains it goes on', async () => {
    const first = await openState({ url });
    await endSessions(url);
    const second = await openState({ url });
    await expect(first.write((tx) => tx.insert(users).values(user('a')))).rejects.toMatchObject({
      code: 'state_locked',
    });
    expect(await first.db.$count(users)).toBe(0);
    await second.close();
    await first.write((tx) => tx.insert(users).values(user('a')));
    expect(await first.db.$count(users)).toBe(1);
    await first.close();
  });

  test('a session that ends within a write undoes it, and the next write goes on', async () => {
    const state = await openState({ url });
    const cut = state.write(async (tx) => {
      await tx.insert(users).values(user('a'));
      await endSessions(url);
      await tx.insert(users).values(user('b'));
    });
    await expect(cut).rejects.toMatchObject({ code: 'unavailable' });
    await state.write((tx) => tx.insert(users).values(user('c')));
    expect(await state.db.select({ id: users.id }).from(users)).toEqual([{ id: 'c' }]);
    await state.close();
  });
});

test.each([
  ['a server that is not there', () => 'postgres://me:hush@127.0.0.1:1/agnes', 'unavailable'],
  ['a database that is not there', () => at('/nowhere'), 'invalid_config'],
  ['a user that is not there', () => at('/postgres', 'me', 'hush'), 'invalid_config'],
  ['what is no address', () => 'mysql://me:hush@127.0.0.1/agnes', 'invalid_config'],
])('%s ends in an error with a hint that keeps the password', async (_what, address, code) => {
  const error = await openState({ url: address() }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code, hint: expect.any(String) });
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('hush');
});

test('the ladder: taken once, refused when it changed, undone when a step fails; the real catalog is compared', async () => {
  const things = pgTable('things', { id: text('id').primaryKey(), name: text('name').notNull().unique() });
  const first = { id: '0001', statements: ['CREATE TABLE things (id text PRIMARY KEY, name text NOT NULL UNIQUE)'] };
  const broken = { id: '0002', statements: ['ALTER TABLE things ADD COLUMN extra json', 'SELEKT'] };
  const open = (...ladder: (typeof first)[]) => openStateWith({ url }, ladder, [things, schema.schemaMigrations]);
  const failed = { code: 'state_migration_failed' };
  for (let round = 0; round < 2; round += 1) await (await open(first)).close();
  await expect(open(first, broken)).rejects.toMatchObject({ ...failed, message: expect.stringContaining('0002') });
  await (await open(first)).close();
  await expect(open({ ...first, statements: [...first.statements, 'SELECT 1'] })).rejects.toMatchObject(failed);
  await expect(open()).rejects.toMatchObject({ ...failed, message: expect.stringContaining('newer release') });
  await administer(url, 'ALTER TABLE things ADD COLUMN x bigint');
  await expect(open(first)).rejects.toMatchObject({ details: { differences: ['unexpected: column things.x bigint'] } });
});

test('snapshots are the business of the database', async () => {
  await using state = await openState({ url });
  expect([await state.snapshots(), await state.maintain()]).toEqual([[], undefined]);
  await expect(state.snapshot('x')).rejects.toMatchObject({
    code: 'invalid_config',
    hint: expect.stringContaining('pg_dump'),
  });
});

describe('a copy', () => {
  test('takes every row from the file to Postgres and back, and is compared', async () => {
    const value = { 'k\0': ['a\ud83d', 2 ** 53 - 1, 0.1, null] };
    {
      await using state = await openState({ path });
      await state.write(async (tx) => {
        await tx.insert(users).values(Array.from({ length: 1200 }, (_, index) => user(`u${index}`)));
        await tx.insert(settings).values({ key: 'k', value, updated_at: now });
      });
    }
    const there = await copyState({ from: { path }, to: { url } });
    expect([there.get('users'), there.get('settings'), there.get('jobs')]).toEqual([1200, 1, 0]);
    expect(await inspectState({ url })).toMatchObject({ engine: 'postgres', pending: [], rows: there });
    const back = join(folder, 'back.duckdb');
    expect(await copyState({ from: { url }, to: { path: back } })).toEqual(there);
    await using state = await openState({ path: back });
    expect(await state.db.select({ value: settings.value }).from(settings)).toEqual([
      { value: { 'k\0': ['a\ufffd', 2 ** 53 - 1, 0.1, null] } },
    ]);
    expect((await state.db.select().from(users))[0]?.created_at).toEqual(now);
  });

  test('into what is not empty is refused, and nothing is changed', async () => {
    for (const location of [{ path }, { url }]) {
      await using state = await openState(location);
      await state.write((tx) => tx.insert(users).values(user(location.url === undefined ? 'file' : 'postgres')));
    }
    await expect(copyState({ from: { path }, to: { url } })).rejects.toMatchObject({
      code: 'invalid_config',
      message: expect.stringContaining('users'),
    });
    await using state = await openState({ url });
    expect(await state.db.select({ id: users.id }).from(users)).toEqual([{ id: 'postgres' }]);
  });

  test('of what is not there is refused', async () => {
    await expect(copyState({ from: { path }, to: { url } })).rejects.toMatchObject({ code: 'not_found' });
    await expect(inspectState({ url })).rejects.toMatchObject({ code: 'not_found' });
  });
});

test('an empty Postgres beside a file with a state is refused: somebody forgot to copy, or the copy was cut short', async () => {
  {
    await using state = await openState({ path });
    await state.write((tx) => tx.insert(userGroups).values({ id: 'g', name: 'g', created_at: now }));
  }
  const refused = { code: 'invalid_config', hint: expect.stringContaining('state copy') };
  await expect(openState({ path, url })).rejects.toMatchObject(refused);
  // What a copy leaves that was killed: tables, and no rows.
  await (await openState({ url })).close();
  await expect(openState({ path, url })).rejects.toMatchObject(refused);
  await copyState({ from: { path }, to: { url } });
  await (await openState({ path, url })).close();
});

test('two servers on one data folder are refused also when each has a Postgres of its own', async () => {
  await using _first = await openState({ path, url });
  const other = await createTestDatabase();
  await expect(openState({ path, url: other.url })).rejects.toMatchObject({ code: 'state_locked' });
});

test('a file that is no state is found by a check', async () => {
  await writeFile(path, 'not a database');
  await expect(inspectState({ path })).rejects.toMatchObject({ code: 'state_corrupt' });
});

function at(database: string, user?: string, password?: string): string {
  const address = new URL(url);
  address.pathname = database;
  if (user !== undefined) address.username = user;
  if (password !== undefined) address.password = password;
  return address.href;
}

async function endSessions(address: string): Promise<void> {
  await administer(
    address,
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  // The sockets of the sessions that were ended close in their own time.
  await new Promise((resolve) => setTimeout(resolve, 50));
}
