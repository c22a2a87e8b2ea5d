import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspectState, openState, schema } from '@agnes/state';
import {
  administer,
  createTestDatabase,
  startServer,
  type TemporaryFolder,
  type TestDatabase,
  temporaryFolder,
} from '@agnes/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { apiOf, signIn, sync } from './testing/api.ts';
import { environmentFor, runCommand, startCommand } from './testing/command.ts';

const ON_FILE = { AGNES_ROLE: 'api', AGNES_STATE_URL: '' };
const SECRET = 'hush-hush-1';
const KILLS = Number(process.env.AGNES_COPY_KILLS ?? '5');
const now = new Date('2026-03-29T01:30:00.123Z');

let folder: TemporaryFolder;
let database: TestDatabase;
beforeEach(async () => {
  folder = await temporaryFolder();
  database = await createTestDatabase();
});
afterEach(async () => {
  await folder[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const command = (words: string, url = database.url) =>
  runCommand(['state', ...words.split(' ')], environmentFor(folder.path, { AGNES_STATE_URL: url }));
const file = () => join(folder.path, 'state', 'system.duckdb');

describe('a copy', () => {
  test('to Postgres and back: the server goes on with the same ids, tokens, grants and manifests', async () => {
    await using server = await startServer({ dataDir: folder.path, env: ON_FILE });
    await writeFile(join(folder.path, 'files', 'people.csv'), 'id,name\n1,Ana\n2,Bo\n');
    const admin = await signIn(server.url, server.admin.email, server.admin.password);
    await admin('registerTable', { body: { name: 'people', source_type: 'local', source_table: 'people.csv' } });
    await sync(admin);
    const kept = apiOf(server.url, (await admin('createToken', { body: { name: 'kept' } })).body.token);
    const { body: doomed } = await admin('createToken', { body: { name: 'doomed' } });
    const seen = async () => ({
      tables: (await kept('listRegistry')).body.tables.map(({ id, name }: { id: string; name: string }) => [id, name]),
      me: (await kept('me')).body.id,
      etag: (await kept('syncManifest')).headers.get('etag'),
      users: (await admin('listUsers')).status,
    });
    const before = await seen();
    expect(before).toMatchObject({ users: 200, etag: expect.any(String) });

    await server.stop();
    const there = await command('copy --from file --to postgres');
    expect(there, there.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('access_tokens\t3\n') });
    await server.restart({ AGNES_STATE_URL: database.url });
    expect(await seen()).toEqual(before);
    const unchanged = { headers: { 'if-none-match': before.etag ?? '' } };
    expect((await kept('syncManifest', unchanged)).status).toBe(304);
    expect((await admin('revokeToken', { params: { id: doomed.id } })).status).toBeLessThan(300);
    expect((await apiOf(server.url, doomed.token)('me')).status).toBe(401);

    await server.stop();
    const refused = await command('copy --from postgres --to file');
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('is not empty')]);
    await rename(join(folder.path, 'state'), join(folder.path, 'state-before'));
    const back = await command('copy --from postgres --to file');
    expect(back, back.stderr).toMatchObject({ code: 0 });
    await server.restart({ AGNES_STATE_URL: '' });
    expect(await seen()).toEqual(before);
    expect((await kept('syncManifest', unchanged)).status).toBe(304);
    expect((await apiOf(server.url, doomed.token)('me')).status).toBe(401);
  });

  test('that is killed at any moment leaves a target without rows, or with all of them, and the next copy succeeds', async () => {
    await fill(file(), 6000);
    const whole = (await inspectState({ path: file() })).rows;
    const counts = { kills: 0, untouched: 0, empty: 0, whole: 0, half: 0 };
    for (const [from, to] of [
      ['file', 'postgres'],
      ['postgres', 'file'],
    ] as const) {
      const target = to === 'file' ? { path: file() } : { url: database.url };
      for (let round = 0; round < KILLS; round += 1) {
        const child = await startCommand(
          ['state', 'copy', '--from', from, '--to', to],
          environmentFor(folder.path, { AGNES_STATE_URL: database.url }),
        );
        while (child.isRunning() && !(await isTouched(to))) await sleep(5);
        await sleep((700 * round) / KILLS);
        await child.kill('SIGKILL');
        counts.kills += 1;
        const left = await rowsOf(target);
        if (left === undefined) counts.untouched += 1;
        else if ([...left.values()].every((rows) => rows === 0)) counts.empty += 1;
        else if (JSON.stringify([...left]) === JSON.stringify([...whole])) counts.whole += 1;
        else counts.half += 1;
      }
      const again = await command(`copy --from ${from} --to ${to}`);
      const landed = again.code === 2 && again.stderr.includes('is not empty');
      expect(again.code === 0 || landed, again.stderr).toBe(true);
      expect(await rowsOf(target)).toEqual(whole);
      await rename(join(folder.path, 'state'), join(folder.path, `state-${to}`));
    }
    process.stdout.write(`state copies killed: ${JSON.stringify(counts)}\n`);
    expect(counts.half).toBe(0);
    expect(counts.kills).toBe(2 * KILLS);
  });

  test('puts no password on a command line, where everybody on the machine reads it', async () => {
    await fill(file(), 1000);
    const url = await roleUrl(SECRET);
    const child = await startCommand(
      ['state', 'copy', '--from', 'file', '--to', 'postgres'],
      environmentFor(folder.path, { AGNES_STATE_URL: url }),
    );
    const lines = new Set<string>();
    while (child.isRunning()) {
      for (const line of commandLines()) lines.add(line);
      await sleep(20);
    }
    expect(await child.exited).toMatchObject({ code: 0 });
    if (existsSync('/proc/self/cmdline')) expect([...lines].some((line) => line.includes('state'))).toBe(true);
    expect([...lines].filter((line) => line.includes(SECRET))).toEqual([]);
    expect(child.stdout() + child.stderr()).not.toContain(SECRET);
  });
});

describe('while a server runs', () => {
  test('on the file, whatever would touch it refuses and names the server; snapshots can be listed', async () => {
    await using server = await startServer({ dataDir: folder.path, env: ON_FILE });
    for (const words of [
      'check',
      'snapshot',
      'restore x',
      'copy --from file --to postgres',
      'copy --from postgres --to file',
    ]) {
      if (words.startsWith('copy --from postgres')) await fillDatabase();
      const { code, stdout, stderr } = await command(words, words.startsWith('copy') ? database.url : '');
      expect([words, code, stdout]).toEqual([words, 5, '']);
      expect(stderr).toContain(`process ${server.pid}`);
      expect(stderr).toContain('state_locked');
    }
    expect(await command('snapshots', '')).toMatchObject({ code: 0 });
    expect((await apiOf(server.url)('health')).body.status).toBe('ok');
  });

  test('on Postgres the same, from any folder; a second server on that database refuses too', async () => {
    await using server = await startServer({ env: { AGNES_ROLE: 'api', AGNES_STATE_URL: database.url } });
    await fill(file(), 1);
    for (const words of [
      'state check',
      'state copy --from file --to postgres',
      'state copy --from postgres --to file',
      'start',
    ]) {
      const other = words === 'start' || words === 'state check' ? join(folder.path, 'other') : folder.path;
      await mkdir(other, { recursive: true });
      const { code, stdout, stderr } = await runCommand(
        words.split(' '),
        environmentFor(other, { AGNES_STATE_URL: database.url }),
      );
      expect([words, code, stdout]).toEqual([words, 5, '']);
      expect(stderr).toContain(`agnes process ${server.pid} on `);
      expect(stderr).toContain('state_locked');
    }
    expect((await apiOf(server.url)('health')).body.status).toBe('ok');
  });
});

describe('what is wrong is said, with what to do, and without the password', () => {
  const cases: readonly (readonly [string, () => Promise<string>, string, number])[] = [
    ['a wrong password', async () => withPassword(await roleUrl('the-right-one'), SECRET), 'invalid_config', 2],
    ['a server that is not there', async () => `postgres://me:${SECRET}@127.0.0.1:1/agnes`, 'unavailable', 5],
    ['a host that is not there', async () => `postgres://me:${SECRET}@db.invalid/agnes`, 'unavailable', 5],
    [
      'a database that is not there',
      async () => (await roleUrl(SECRET)).replace(/agnes_test_\w+$/, 'nowhere'),
      'invalid_config',
      2,
    ],
    ['a user without rights', async () => roleUrl(SECRET, { owner: false }), 'invalid_config', 2],
    [
      'a server without TLS, where it is asked for',
      async () => `${await roleUrl(SECRET)}?sslmode=verify-full`,
      'invalid_config',
      2,
    ],
    [
      'a state of a newer release',
      () => stateOf("INSERT INTO schema_migrations VALUES ('9999-later', 'x', now())"),
      'state_migration_failed',
      5,
    ],
    [
      'a state that somebody changed',
      () => stateOf('ALTER TABLE users ADD COLUMN shoe_size bigint'),
      'state_migration_failed',
      5,
    ],
  ];
  test.each(cases)('%s', async (what, urlOf, code, exitCode) => {
    const url = await urlOf();
    // Both meet each of these alike; one of them each is enough here.
    const starts = cases.findIndex(([name]) => name === what) % 2 === 0;
    if (!starts) await fill(file(), 1);
    const words = starts ? ['start'] : ['state', 'copy', '--from', 'file', '--to', 'postgres'];
    const result = await runCommand(words, environmentFor(folder.path, { AGNES_STATE_URL: url }));
    expect([result.code, result.stdout], result.stderr).toEqual([exitCode, '']);
    expect(result.stderr).toMatch(new RegExp(`^agnes-server: .+ \\(${code}\\)\\n  .+\\n$`));
    expect(result.stderr).not.toContain(SECRET);
  });

  test('a state of an older release: a check names the steps, a copy wants it migrated first', async () => {
    const url = await stateOf('DELETE FROM schema_migrations');
    expect(await command('check', url)).toMatchObject({ code: 0, stderr: expect.stringContaining('earlier release') });
    const copied = await command('copy --from postgres --to file', url);
    expect([copied.code, copied.stderr]).toEqual([2, expect.stringContaining('has yet to take')]);
    expect(existsSync(file())).toBe(false);
  });

  test('snapshots of what is in Postgres are the database server’s', async () => {
    for (const words of ['snapshot', 'snapshots', 'restore x']) {
      expect(await command(words)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('pg_dump') });
    }
  });
});

test('on either engine a check counts the rows of every table', async () => {
  await fill(file(), 3);
  await fillDatabase();
  for (const url of ['', database.url]) {
    const { code, stdout, stderr } = await command('check', url);
    expect([code, stderr]).toEqual([0, expect.stringContaining('is sound')]);
    expect(stdout).toContain(url === '' ? 'users\t3\n' : 'users\t1\n');
  }
});

async function fill(path: string, rows: number): Promise<void> {
  await using state = await openState({ path });
  await insertUsers(state, rows);
}

async function fillDatabase(): Promise<void> {
  await using state = await openState({ url: database.url });
  await insertUsers(state, 1);
}

async function insertUsers(state: Awaited<ReturnType<typeof openState>>, rows: number): Promise<void> {
  const users = Array.from({ length: rows }, (_, index) => ({
    id: `u${index}`,
    email: `u${index}@example.com`,
    created_at: now,
    updated_at: now,
  }));
  await state.write(async (tx) => {
    await tx.insert(schema.users).values(users);
    // Every server that ran once has its groups.
    await tx.insert(schema.userGroups).values({ id: 'g', name: 'g', created_at: now });
  });
}

/** Whether a copy has begun to do something with its target. */
async function isTouched(target: 'file' | 'postgres'): Promise<boolean> {
  if (target === 'file') return existsSync(file());
  const sessions = await administer(
    database.url,
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'agnes process%'",
  );
  return sessions.length > 0;
}

/** The rows of each table; undefined where there is no state, or only the beginning of one. */
async function rowsOf(target: { path: string } | { url: string }): Promise<ReadonlyMap<string, number> | undefined> {
  try {
    const { pending, rows } = await inspectState(target);
    return pending.length > 0 ? undefined : rows;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'not_found') return undefined;
    throw error;
  }
}

/** A database of its own that has taken the ladder, and then this statement. */
async function stateOf(statement: string): Promise<string> {
  await (await openState({ url: database.url })).close();
  await administer(database.url, statement);
  return withPassword(database.url, SECRET);
}

/** The test's database, for a new user with a password, who owns it or may only connect. */
async function roleUrl(password: string, { owner = true } = {}): Promise<string> {
  const name = new URL(database.url).pathname.slice(1);
  const role = `${name}_user`;
  await administer(database.url, `CREATE ROLE ${role} LOGIN PASSWORD '${password}'`);
  await administer(
    database.url,
    owner ? `ALTER DATABASE ${name} OWNER TO ${role}` : 'REVOKE CREATE ON SCHEMA public FROM public',
  );
  const url = new URL(database.url);
  url.username = role;
  url.password = password;
  return url.href;
}

function withPassword(address: string, password: string): string {
  const url = new URL(address);
  url.password = password;
  return url.href;
}

function commandLines(): string[] {
  if (!existsSync('/proc/self/cmdline')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8')];
      } catch {
        // It ended in between.
        return [];
      }
    });
}
