import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '@agnes/duckdb';
import { sql } from 'drizzle-orm';
import { boolean, json, type PgTable, pgTable, text } from 'drizzle-orm/pg-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { migrations } from './migrations/index.ts';
import type { Migration } from './migrations/migration.ts';
import * as schema from './schema.ts';
import { openStateWith } from './state.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-migrate-'));
  path = join(folder, 'system.duckdb');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const things = pgTable('things', { id: text('id').primaryKey(), name: text('name').notNull() });
const wider = pgTable('things', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  on: boolean('on').notNull().default(false),
  extra: json('extra'),
});
const first: Migration = {
  id: '0001-things',
  statements: ['CREATE TABLE things (id text PRIMARY KEY, name text NOT NULL)', "INSERT INTO things VALUES ('a', 'A')"],
};
const second: Migration = {
  id: '0002-wider',
  statements: ['ALTER TABLE things ADD COLUMN "on" boolean DEFAULT false'],
};
const third: Migration = {
  id: '0003-strict',
  statements: ['ALTER TABLE things ALTER COLUMN "on" SET NOT NULL', 'ALTER TABLE things ADD COLUMN extra json'],
};
const open = (ladder: readonly Migration[], ...tables: PgTable[]) =>
  openStateWith({ path }, ladder, [...tables, schema.schemaMigrations]);

describe('the ladder', () => {
  test('climbs what is new, once, and keeps a snapshot of what was before', async () => {
    await (await open([first], things)).close();
    expect(await readdir(folder)).not.toContain('snapshots');
    for (let round = 0; round < 2; round += 1) {
      const state = await open([first, second, third], wider);
      expect(await state.db.select().from(wider)).toEqual([{ id: 'a', name: 'A', on: false, extra: null }]);
      expect((await state.snapshots()).map((snapshot) => snapshot.reason)).toEqual([
        'before-0003-strict',
        'before-0002-wider',
      ]);
      await state.close();
    }
  });

  test('a step that fails leaves nothing of itself, and says which', async () => {
    await (await open([first], things)).close();
    const broken = { id: '0002-broken', statements: ['ALTER TABLE things ADD COLUMN extra json', 'SELEKT'] };
    await expect(open([first, broken], wider)).rejects.toMatchObject({
      code: 'state_migration_failed',
      message: expect.stringContaining('0002-broken'),
      hint: expect.any(String),
    });
    await (await open([first], things)).close();
  });

  test('a step that changed after it was taken is refused', async () => {
    await (await open([first], things)).close();
    const changed = { ...first, statements: [...first.statements, 'SELECT 1'] };
    await expect(open([changed], things)).rejects.toMatchObject({ code: 'state_migration_failed' });
  });

  test('a database of a newer release is refused', async () => {
    await (await open([first, second, third], wider)).close();
    await expect(open([first], things)).rejects.toMatchObject({
      code: 'state_migration_failed',
      message: expect.stringContaining('newer release'),
      hint: expect.stringContaining('restore'),
    });
  });

  test('ids are unique and in order', () => {
    const ids = migrations.map((migration) => migration.id);
    expect([...new Set(ids)].sort()).toEqual(ids);
  });
});

describe('the check of the real catalog', () => {
  test('the ladder makes what schema.ts says', async () => {
    const state = await openStateWith({ path }, migrations, Object.values(schema));
    await state.close();
  });

  test.each([
    ['a column more', 'ALTER TABLE groups ADD COLUMN x text', 'unexpected: column groups.x text'],
    ['a column less', 'ALTER TABLE groups DROP COLUMN note', 'missing: column groups.note text'],
    ['another type', 'ALTER TABLE groups ALTER note TYPE bigint', 'unexpected: column groups.note bigint'],
    ['nullable', 'ALTER TABLE groups ALTER note DROP NOT NULL', 'missing: column groups.note text not null'],
    ['a table more', 'CREATE TABLE x (id text PRIMARY KEY)', 'unexpected: primary key x (id)'],
    ['a table less', 'DROP TABLE groups', 'missing: primary key groups (id)'],
  ])('%s is found and named', async (_what, statement, difference) => {
    const groups = pgTable('groups', { id: text('id').primaryKey(), note: text('note').notNull() });
    const ladder = [{ id: '0001', statements: ['CREATE TABLE groups (id text PRIMARY KEY, note text NOT NULL)'] }];
    await (await open(ladder, groups)).close();
    const database = await openDatabase(path);
    await (await database.connect()).run(statement);
    await database.close();
    await expect(open(ladder, groups)).rejects.toMatchObject({
      code: 'state_migration_failed',
      message: expect.stringContaining(difference),
      hint: expect.any(String),
    });
  });

  test('a unique constraint that is not there is found', async () => {
    const unique = pgTable('things', { id: text('id').primaryKey(), name: text('name').notNull().unique() });
    await expect(open([first], unique)).rejects.toMatchObject({
      details: { differences: ['missing: unique things (name)'] },
    });
  });
});

test('what the snapshot copies has the keys of the original', async () => {
  const state = await open([first], things);
  const { path: copy } = await state.snapshot('test');
  await state.close();
  const again = await openStateWith({ path: copy }, [first], [things, schema.schemaMigrations]);
  const insert = again.write((tx) => tx.execute(sql`INSERT INTO things VALUES ('a', 'again')`));
  await expect(insert).rejects.toThrow('Duplicate key');
  await again.close();
});
