import { rm } from 'node:fs/promises';
import { openDatabase } from '@agnes/duckdb';
import { eq, sql } from 'drizzle-orm';
import { pgTable, text } from 'drizzle-orm/pg-core';
import { openDuckdbEngine } from '../src/duckdb/engine.ts';
import { bumpVersion, newId, openState, readVersion, type State, schema } from '../src/index.ts';
import { migrate } from '../src/migrate.ts';
import type { Migration } from '../src/migrations/migration.ts';
import { openStateWith } from '../src/state.ts';
import { LADDER_TABLES, ladderOf } from './crash-ladder.ts';

/**
 * The process that crash.test.ts kills.
 * `write <location as JSON>`: transactions for ever; prints the number of each once it is acknowledged.
 * `climb <location as JSON> <rounds>`: takes the steps of so many rounds, then writes rows for ever; prints the number of each.
 * Both print `loaded` before they open the state, and then what they found in it: the last number, and whether it is whole.
 * `migrate <file> <ladder as JSON>`: takes the steps, and kills itself between the commit and the checkpoint of the last.
 */
const [mode, where = '', what = '[]'] = process.argv.slice(2);
const say = (line: unknown): void => void process.stdout.write(`${line}\n`);

if (mode === 'write') {
  say('loaded');
  const state = await openState(JSON.parse(where));
  const found = await foundIn(state);
  const unsound = await eachSnapshot(state, (path) => checkSnapshot(path, 'audit_log', found.last));
  say(JSON.stringify({ ...found, ...unsound }));
  for (;;) {
    const number = await state.write(async (tx) => {
      const version = await bumpVersion(tx, 'data_version');
      const now = new Date();
      await tx
        .insert(schema.users)
        .values({ id: 'one', email: `${version}@example.com`, created_at: now, updated_at: now })
        .onConflictDoUpdate({ target: schema.users.id, set: { email: `${version}@example.com`, updated_at: now } });
      await tx.delete(schema.userGroups).where(eq(schema.userGroups.name, 'group'));
      await tx.insert(schema.userGroups).values({ id: newId('grp'), name: 'group', created_at: now });
      await tx
        .insert(schema.auditLog)
        .values({ id: `${version}`, timestamp: now, action: 'test', params: { version, padding: 'x'.repeat(500) } });
      return version;
    });
    say(number);
    if (number % 25 === 0) {
      await state.checkpoint();
    }
    if (number % 40 === 0 && state.engine === 'duckdb') {
      await state.snapshot('crash-test');
    }
  }
}

if (mode === 'climb') {
  say('loaded');
  const state = await openStateWith(JSON.parse(where), ladderOf(Number(what)), LADDER_TABLES);
  const { rows } = await state.db.execute<{ n: number; different: number; last: number }>(
    sql`SELECT count(*) AS n, count(DISTINCT value) AS different, coalesce(max(value), 0) AS last FROM things`,
  );
  const { n = 0, different = 0, last = 0 } = rows[0] ?? {};
  const unsound = await eachSnapshot(state, (path) => checkSnapshot(path, 'things', last));
  say(JSON.stringify({ last, whole: n === last && different === n, ...unsound }));
  for (let value = last + 1; ; value += 1) {
    await state.write((tx) => tx.execute(sql`INSERT INTO things (id, value) VALUES (${`thing ${value}`}, ${value})`));
    say(value);
  }
}

if (mode === 'migrate') {
  const ladder: Migration[] = JSON.parse(what);
  const engine = await openDuckdbEngine(where);
  const taken = pgTable('schema_migrations', { id: text('id') });
  await migrate(
    {
      ...engine,
      async checkpoint() {
        const [last] = await engine.db
          .select()
          .from(taken)
          .where(eq(taken.id, ladder.at(-1)?.id ?? ''));
        if (last) {
          process.kill(process.pid, 'SIGKILL');
        }
        await engine.checkpoint();
      },
    },
    ladder,
    { now: () => new Date(), before: async () => undefined },
  );
}

/** Looks at every snapshot that those before have left, and removes it: they are many here, and would be pruned later. */
async function eachSnapshot(state: State, check: (path: string) => Promise<string | undefined>) {
  const snapshots = await state.snapshots();
  const unsound: string[] = [];
  for (const { name, path } of snapshots) {
    const wrong = await check(path);
    if (wrong !== undefined) {
      unsound.push(`snapshot ${name}: ${wrong}`);
    }
    await rm(path, { force: true });
  }
  return { snapshots: snapshots.length, unsound };
}

/** What is wrong with a snapshot: it has to open, know its migrations, and hold the first rows of a table, up to some one. */
async function checkSnapshot(path: string, table: string, last: number): Promise<string | undefined> {
  const number = table === 'things' ? 'value' : "CAST(params->>'version' AS bigint)";
  try {
    await using database = await openDatabase(path, { readOnly: true });
    await using connection = await database.connect();
    const found = await connection.first<{ steps: number; n: number; different: number; last: number }>(`
      SELECT (SELECT count(*) FROM schema_migrations) AS steps, count(*) AS n, count(DISTINCT ${number}) AS different,
             coalesce(max(${number}), 0) AS last FROM ${table}`);
    const { steps = 0, n = -1, different = 0, last: newest = 0 } = found ?? {};
    const whole = Number(steps) > 0 && Number(n) === Number(different) && Number(n) === Number(newest);
    return whole && Number(newest) <= last ? undefined : `it holds ${JSON.stringify({ steps, n, different, newest })}`;
  } catch (error) {
    return String(error);
  }
}

/** The number of the last transaction, and whether every part of it and of those before is there. */
async function foundIn({ db }: State): Promise<{ last: number; whole: boolean }> {
  const last = await readVersion(db, 'data_version');
  const [user] = await db.select().from(schema.users);
  // Once by the index, once by a scan that cannot use it.
  const { rows } = await db.execute(sql`
    SELECT (SELECT count(*) FROM user_groups WHERE name = 'group') AS by_index,
           (SELECT count(*) FROM user_groups WHERE lower(name) = 'group') AS by_scan,
           (SELECT count(DISTINCT id) FROM audit_log) AS ids,
           (SELECT count(*) FROM audit_log) AS entries,
           (SELECT count(*) FROM audit_log WHERE CAST(params->>'version' AS bigint) BETWEEN 1 AND ${last}) AS valid`);
  const some = last === 0 ? 0 : 1;
  const expected = { by_index: some, by_scan: some, ids: last, entries: last, valid: last };
  const agreed = user?.email === (last === 0 ? undefined : `${last}@example.com`);
  return { last, whole: agreed && JSON.stringify(rows[0]) === JSON.stringify(expected) };
}
