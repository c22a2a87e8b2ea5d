import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { administer, createTestDatabase, freePort } from '@agnes/testkit';
import { expect, test } from 'vitest';
import { openState, schema } from './index.ts';

// Runs where AGNES_TEST_PGBOUNCER names the program; `pnpm test:postgres` looks for it, CI installs it.
const PROGRAM = process.env.AGNES_TEST_PGBOUNCER ?? '';
const { users } = schema;
const now = new Date('2026-03-29T01:30:00.123Z');
const user = (id: string) => ({ id, email: `${id}@example.com`, created_at: now, updated_at: now });

test('in session mode all is as without it: times, reads that only read, the lock and who holds it', async () => {
  await using database = await createTestDatabase();
  await using pooler = await startPooler(database.url, 'session');
  const first = await openState({ url: pooler.url });
  await expect(openState({ url: pooler.url })).rejects.toMatchObject({
    code: 'state_locked',
    message: expect.stringContaining(`process ${process.pid}`),
  });
  await first.write((tx) => tx.insert(users).values(user('a')));
  expect(await first.db.select({ at: users.created_at }).from(users)).toEqual([{ at: now }]);
  await expect(first.db.delete(users)).rejects.toThrow('state.db only reads');
  await first.close();
  // The pooler keeps the session of the database; it has let go of the lock all the same.
  await using again = await openState({ url: pooler.url });
  expect(await again.db.$count(users)).toBe(1);
});

test.each(['transaction', 'statement'] as const)('in %s mode it is refused, with what to change', async (mode) => {
  await using database = await createTestDatabase();
  for (const extra of ['', 'server_round_robin = 1\nmin_pool_size = 3\n']) {
    await using pooler = await startPooler(database.url, mode, extra);
    for (let round = 0; round < 3; round += 1) {
      await expect(openState({ url: pooler.url })).rejects.toMatchObject({
        code: 'invalid_config',
        message: expect.stringContaining('hands sessions'),
        hint: expect.stringContaining('session'),
      });
    }
    // While the pooler still holds the sessions: a lock that one of them kept would shut everybody out.
    expect(await administer(database.url, "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'")).toEqual([]);
  }
});

test('a pooler that is put into transaction mode under a running server: its writes are refused, not misplaced', async () => {
  await using database = await createTestDatabase();
  await using pooler = await startPooler(database.url, 'session');
  const state = await openState({ url: pooler.url });
  await state.write((tx) => tx.insert(users).values(user('a')));
  await pooler.become('transaction');
  await expect(state.write((tx) => tx.insert(users).values(user('b')))).rejects.toMatchObject({
    hint: expect.any(String),
  });
  await pooler.become('session');
  await state.write((tx) => tx.insert(users).values(user('c')));
  expect((await state.db.select({ id: users.id }).from(users)).map(({ id }) => id).sort()).toEqual(['a', 'c']);
  await state.close();
});

interface Pooler extends AsyncDisposable {
  readonly url: string;
  /** Starts it again, on the same port, in another mode. */
  become(mode: string): Promise<void>;
}

async function startPooler(database: string, mode: string, extra = ''): Promise<Pooler> {
  const { hostname, port, pathname, username, password } = new URL(database);
  const folder = await mkdtemp(join(tmpdir(), 'agnes-pooler-'));
  // It refuses to run as root.
  const isRoot = process.getuid?.() === 0;
  const unprivileged = isRoot ? { uid: 65_534, gid: 65_534 } : {};
  if (isRoot) await chown(folder, 65_534, 65_534);
  const listening = await freePort();
  const config = join(folder, 'pgbouncer.ini');
  const target = `host=${hostname} port=${port || 5432} user=${username}${password === '' ? '' : ` password=${password}`}`;
  const start = async (poolMode: string) => {
    await writeFile(
      config,
      `[databases]\n* = ${target}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${listening}\nunix_socket_dir =\n` +
        `auth_type = any\npool_mode = ${poolMode}\ndefault_pool_size = 20\n${extra}`,
    );
    const child = spawn(PROGRAM, ['-q', config], { ...unprivileged, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
    child.on('error', (error) => (said += error.message));
    const address = `postgres://${username}@127.0.0.1:${listening}${pathname}`;
    for (let tries = 0; ; tries += 1) {
      try {
        await administer(address, 'SELECT 1');
        return child;
      } catch (error) {
        if (child.exitCode !== null || tries > 100)
          throw new Error(`pgbouncer does not start: ${said}`, { cause: error });
      }
      await sleep(50);
    }
  };
  const stop = async (process_: ReturnType<typeof spawn>) => {
    const closed = once(process_, 'close');
    process_.kill('SIGKILL');
    await closed;
  };
  let child = await start(mode);
  return {
    url: `postgres://${username}@127.0.0.1:${listening}${pathname}`,
    async become(next) {
      await stop(child);
      child = await start(next);
    },
    async [Symbol.asyncDispose]() {
      await stop(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
