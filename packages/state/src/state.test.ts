import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase } from '@agnes/testkit';
import { and, asc, count, eq, gte, inArray, lt, sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bumpVersion, isUniqueViolation, newId, openState, readVersion, type State, schema } from './index.ts';

const { users, userGroups, userGroupMembers, settings, tableVersions } = schema;
describe.each(['duckdb', 'postgres'] as const)('%s', (engine) => {
  let folder: string;
  let state: State;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agnes-state-'));
    const { url } = engine === 'postgres' ? await createTestDatabase() : {};
    state = await openState(url === undefined ? { path: join(folder, 'system.duckdb') } : { url });
  });
  afterAll(async () => {
    await state.close();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() =>
    state.write(async (tx) => {
      for (const table of [users, userGroups, userGroupMembers, settings, tableVersions]) {
        await tx.delete(table);
      }
    }),
  );

  const at = new Date('2026-03-29T01:30:00.123Z');
  const user = (id: string, email = `${id}@example.com`) => ({ id, email, created_at: at, updated_at: at });

  describe('statements', () => {
    test('dates, flags, numbers and nulls come back as they went in', async () => {
      await state.write((tx) => tx.insert(users).values({ ...user('a'), deactivated_at: new Date(0) }));
      expect(await state.db.select().from(users)).toEqual([
        {
          ...user('a'),
          name: null,
          password_hash: null,
          active: true,
          deactivated_at: new Date(0),
          deactivated_by: null,
        },
      ]);
    });

    test('json holds any JSON, and large counts stay exact', async () => {
      const columns = [{ name: 'a "b" \' ž', type: 'VARCHAR', nullable: true }];
      const version = { id: 'v', table_id: 't', created_at: at, columns, warnings: [] };
      await state.write((tx) => tx.insert(tableVersions).values({ ...version, rows: 2 ** 53 - 1, size_bytes: 0 }));
      const [row] = await state.db.select().from(tableVersions);
      expect(row).toMatchObject({ ...version, rows: 2 ** 53 - 1, job_id: null });
      for (const value of ['text', 12, false, [1, null], { deep: { er: [] } }]) {
        await state.write((tx) =>
          tx
            .insert(settings)
            .values({ key: 'k', value, updated_at: at })
            .onConflictDoUpdate({ target: settings.key, set: { value } }),
        );
        expect(await state.db.select({ value: settings.value }).from(settings)).toEqual([{ value }]);
      }
    });

    test('json with half a surrogate pair is stored, and backslashes stay', async () => {
      const value = { 'k\ud800': ['a\ud83d', 'b\\ud800', 'c\\\\ud800', '👍 \\'] };
      await state.write((tx) => tx.insert(settings).values({ key: 'k', value, updated_at: at }));
      const [row] = await state.db.select().from(settings);
      expect(row?.value).toEqual({ 'k\ufffd': ['a\ufffd', 'b\\ud800', 'c\\\\ud800', '👍 \\'] });
    });

    test('times compare with times', async () => {
      await state.write((tx) =>
        tx.insert(users).values([user('a'), { ...user('b'), created_at: new Date(at.getTime() + 1) }]),
      );
      const ids = (rows: { id: string }[]) => rows.map((row) => row.id);
      const later = new Date(at.getTime() + 1);
      expect(ids(await state.db.select().from(users).where(lt(users.created_at, later)))).toEqual(['a']);
      expect(ids(await state.db.select().from(users).where(gte(users.created_at, later)))).toEqual(['b']);
      expect(
        ids(
          await state.db
            .select()
            .from(users)
            .where(inArray(users.created_at, [later])),
        ),
      ).toEqual(['b']);
      expect(ids(await state.db.select().from(users).where(sql`${users.created_at} = ${at}`))).toEqual(['a']);
    });

    test('update, delete and upsert tell what they changed', async () => {
      await state.write(async (tx) => {
        await tx.insert(users).values([user('a'), user('b'), user('c')]);
        expect(
          await tx
            .update(users)
            .set({ name: 'x' })
            .where(inArray(users.id, ['a', 'b'])),
        ).toMatchObject({ rowCount: 2 });
        expect(
          await tx.update(users).set({ name: 'y' }).where(eq(users.id, 'a')).returning({ name: users.name }),
        ).toEqual([{ name: 'y' }]);
        expect(await tx.delete(users).where(eq(users.id, 'c')).returning({ id: users.id })).toEqual([{ id: 'c' }]);
        await tx
          .insert(users)
          .values(user('a', 'new@example.com'))
          .onConflictDoUpdate({ target: users.id, set: { email: sql`excluded.email` } });
        expect(await tx.insert(users).values(user('b')).onConflictDoNothing()).toMatchObject({ rowCount: 0 });
      });
      expect(await state.db.select({ id: users.id, email: users.email }).from(users).orderBy(asc(users.id))).toEqual([
        { id: 'a', email: 'new@example.com' },
        { id: 'b', email: 'b@example.com' },
      ]);
    });

    test('joins keep columns of one name apart, and a missing side is null as a whole', async () => {
      await state.write(async (tx) => {
        await tx.insert(users).values([user('a'), user('b')]);
        await tx.insert(userGroups).values({ id: 'g', name: 'Group', created_at: at });
        await tx.insert(userGroupMembers).values({ user_id: 'a', group_id: 'g', source: 'admin', added_at: at });
      });
      const rows = await state.db
        .select({ user: users, group: userGroups })
        .from(users)
        .leftJoin(userGroupMembers, eq(userGroupMembers.user_id, users.id))
        .leftJoin(userGroups, eq(userGroups.id, userGroupMembers.group_id))
        .orderBy(asc(users.id));
      expect(rows).toMatchObject([
        { user: { id: 'a' }, group: { id: 'g', name: 'Group' } },
        { user: { id: 'b' }, group: null },
      ]);
      expect(
        await state.db
          .select({ source: userGroupMembers.source, n: count() })
          .from(userGroupMembers)
          .groupBy(userGroupMembers.source),
      ).toEqual([{ source: 'admin', n: 1 }]);
      expect(await state.db.$count(users)).toBe(2);
      expect((await state.db.execute(sql`SELECT count(*) AS n, ${'x'} AS t FROM users`)).rows).toEqual([
        { n: 2, t: 'x' },
      ]);
    });

    test('a prepared statement with placeholders runs many times', async () => {
      await state.write((tx) => tx.insert(users).values([user('a'), user('b')]));
      const byId = state.db
        .select({ email: users.email })
        .from(users)
        .where(eq(users.id, sql.placeholder('id')))
        .prepare('by_id');
      expect(await byId.execute({ id: 'a' })).toEqual([{ email: 'a@example.com' }]);
      expect(await byId.execute({ id: 'b' })).toEqual([{ email: 'b@example.com' }]);
    });

    test('a duplicate is told from other errors', async () => {
      await state.write((tx) => tx.insert(users).values(user('a')));
      const insert = (values: typeof users.$inferInsert) => state.write((tx) => tx.insert(users).values(values));
      for (const duplicate of [user('a', 'other@example.com'), user('b', 'a@example.com')]) {
        expect(await insert(duplicate).catch(isUniqueViolation)).toBe(true);
      }
      expect(await insert({ ...user('b'), email: sql`NULL` as never }).catch(isUniqueViolation)).toBe(false);
    });
  });

  describe('writes', () => {
    test('100 concurrent read-modify-writes of one row all count', async () => {
      await Promise.all(Array.from({ length: 100 }, () => state.write((tx) => bumpVersion(tx, 'data_version'))));
      expect(await readVersion(state.db, 'data_version')).toBe(100);
    });

    test('what throws is undone as a whole, and the next write goes on', async () => {
      const failing = state.write(async (tx) => {
        await tx.insert(users).values(user('a'));
        throw new Error('changed my mind');
      });
      await expect(failing).rejects.toThrow('changed my mind');
      await expect(state.write((tx) => tx.execute(sql`SELEKT`))).rejects.toThrow(/Parser Error|syntax error/);
      await state.write((tx) => tx.insert(users).values(user('b')));
      expect(await state.db.select({ id: users.id }).from(users)).toEqual([{ id: 'b' }]);
    });

    test('a failed statement whose error is swallowed undoes the whole', async () => {
      const swallowing = state.write(async (tx) => {
        await tx.insert(users).values(user('a'));
        await tx.insert(users).values(user('a')).catch(isUniqueViolation);
      });
      await expect(swallowing).rejects.toThrow('swallowed');
      expect(await state.db.$count(users)).toBe(0);
    });

    test('of statements that run together one fails: none of the others is left behind', async () => {
      const together = state.write((tx) =>
        Promise.all([
          tx.insert(users).values(user('a')),
          tx.execute(sql`SELECT * FROM nowhere`),
          ...['b', 'c', 'd'].map((id) => tx.insert(users).values(user(id))),
        ]),
      );
      await expect(together).rejects.toThrow('nowhere');
      await state.write(async () => undefined);
      expect(await state.db.$count(users)).toBe(0);
    });

    test('rows may be deleted, inserted and updated to and fro under one key', async () => {
      await state.write((tx) => tx.insert(users).values(user('a')));
      await state.write(async (tx) => {
        for (let round = 0; round < 3; round += 1) {
          await tx.delete(users).where(eq(users.id, 'a'));
          await tx.insert(users).values(user('a'));
          await tx
            .update(users)
            .set({ email: `${round}@example.com` })
            .where(eq(users.id, 'a'));
          await tx
            .update(users)
            .set({ email: 'a@example.com' })
            .where(and(eq(users.id, 'a')));
        }
      });
      expect(await state.db.select({ email: users.email }).from(users)).toEqual([{ email: 'a@example.com' }]);
    });

    test('a write inside a write fails with a reason, and does not wait for itself', async () => {
      const nested = state.write(() => state.write(async () => 'never'));
      await expect(nested).rejects.toThrow('hand `tx` on instead');
      await expect(state.write((tx) => tx.transaction(async () => 'never'))).rejects.toThrow('no savepoints');
    });

    test('work that a write left running may write after it', async () => {
      let left: Promise<void> = Promise.resolve();
      await state.write(async () => {
        left = new Promise((resolve, reject) => {
          setTimeout(
            () => state.write(async (tx) => void (await tx.insert(users).values(user('a')))).then(resolve, reject),
            5,
          );
        });
      });
      await left;
      expect(await state.db.$count(users)).toBe(1);
    });

    test('a transaction that is over takes nothing more', async () => {
      const escaped = await state.write(async (tx) => ({ tx }));
      await expect(escaped.tx.insert(users).values(user('a'))).rejects.toThrow('The transaction is over');
    });
  });

  describe('reads', () => {
    test('see what is committed, not what is under way', async () => {
      await state.write(async (tx) => {
        await tx.insert(users).values(user('a'));
        expect(await tx.$count(users)).toBe(1);
        expect(await state.db.$count(users)).toBe(0);
      });
      expect(await state.db.$count(users)).toBe(1);
    });

    test('of one transaction see one moment', async () => {
      await state.db.transaction(async (tx) => {
        expect(await tx.$count(users)).toBe(0);
        await state.write((writer) => writer.insert(users).values(user('a')));
        expect(await tx.$count(users)).toBe(0);
      });
    });

    test('cannot write', async () => {
      await expect(state.db.insert(users).values(user('a'))).rejects.toThrow('state.db only reads');
      await expect(state.db.execute(sql`CREATE TABLE x (i int)`)).rejects.toThrow('state.db only reads');
      await expect(state.db.transaction((tx) => tx.delete(users))).rejects.toThrow('state.db only reads');
      await expect(state.db.execute(sql`SELECT 1; DELETE FROM users`)).rejects.toThrow(
        /multiple (statements|commands)/,
      );
    });

    test('more of them than connections all get their answer', async () => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => state.db.$count(users)));
      expect(new Set(answers)).toEqual(new Set([0]));
    });

    test('a checkpoint passes beside them', async () => {
      await state.db.transaction(async (tx) => {
        await tx.$count(users);
        await state.write((writer) => writer.insert(users).values(user('a')));
        await state.checkpoint();
      });
      expect(await state.db.$count(users)).toBe(1);
    });
  });

  test('no column has a default that is an expression', async () => {
    const { rows } = await state.db.execute<{ table_name: string; column_name: string; column_default: string }>(
      sql`SELECT table_name, column_name, column_default FROM information_schema.columns
        WHERE column_default IS NOT NULL AND table_schema = current_schema()`,
    );
    expect(rows.length).toBeGreaterThan(0);
    const literal = /^('[^']*'(::text)?|\d+|true|false|CAST\('[tf]' AS BOOLEAN\))$/;
    expect(rows.filter((row) => !literal.test(row.column_default))).toEqual([]);
  });

  test('text and json with a NUL come back alike', async () => {
    const value = { 'k\0': 'a\0b' };
    await state.write((tx) => tx.insert(settings).values({ key: 'k', value, updated_at: at }));
    expect(await state.db.select({ value: settings.value }).from(settings)).toEqual([{ value }]);
    await state.write((tx) => tx.insert(users).values({ ...user('a'), name: 'x\0y\ud800z' }));
    expect(await state.db.select({ name: users.name }).from(users)).toEqual([{ name: 'x\ufffdy\ufffdz' }]);
  });

  test('sums, large numbers, fractions and truth values have one type', async () => {
    const { rows } = await state.db.execute(
      sql`SELECT sum(n) AS total, max(n) AS most, CAST(9007199254740993 AS bigint) AS large, CAST(0.5 AS double precision) AS half, max(n) > 1 AS yes
        FROM (SELECT CAST(1 AS bigint) AS n UNION ALL SELECT CAST(2 AS bigint)) AS numbers`,
    );
    expect(rows).toEqual([{ total: 3, most: 2, large: 9007199254740993n, half: 0.5, yes: true }]);
  });
});

test('ids are unique and sort by the order they were made in', () => {
  const ids = Array.from({ length: 10_000 }, () => newId('job'));
  expect(new Set(ids).size).toBe(10_000);
  expect([...ids].sort()).toEqual(ids);
  expect(ids[0]).toMatch(/^job_[0-9a-hjkmnp-tv-z]{26}$/);
  expect(newId()).toMatch(/^[0-9a-hjkmnp-tv-z]{26}$/);
});
