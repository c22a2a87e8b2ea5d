import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, startServer, temporaryFolder, writeCsv } from '@agnes/testkit';
import { describe, expect, test } from 'vitest';
import { type Api, apiOf, signIn, sync } from './testing/api.ts';
import { environmentFor, runCommand, startCommand } from './testing/command.ts';

describe('commands', () => {
  test.each([
    ['--version', 0, /^\d+\.\d+\.\d+\n$/, /^$/],
    ['--help', 0, /state restore NAME/, /^$/],
    ['strat', 2, /^$/, /Did you mean `agnes-server start`/],
    ['--prot', 2, /^$/, /There is no flag --prot/],
  ])('%s', async (arg, code, stdout, stderr) => {
    const result = await runCommand([arg], environmentFor('/nonexistent'));
    expect(result.code).toBe(code);
    expect(result.stdout).toMatch(stdout);
    expect(result.stderr).toMatch(stderr);
  });
});

describe('starting', () => {
  test.each([
    ['a port that is none', { PORT: 'eighty' }, 'PORT'],
    ['a role that this state cannot have', { AGNES_ROLE: 'worker' }, 'AGNES_ROLE'],
    ['a state that is not in Postgres', { AGNES_STATE_URL: 'mysql://db.example.com/agnes' }, 'AGNES_STATE_URL'],
    ['a scheduler token that is too short', { SCHEDULER_API_TOKEN: 'short' }, 'SCHEDULER_API_TOKEN'],
  ])('refuses %s, in words and without a stack', async (_what, more, named) => {
    const folder = await temporaryFolder();
    try {
      const { code, stdout, stderr } = await runCommand(['start'], environmentFor(folder.path, more));
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain(named);
      expect(stderr).not.toContain('    at ');
    } finally {
      await folder[Symbol.asyncDispose]();
    }
  });

  test('refuses a data folder that cannot be used', async () => {
    const folder = await temporaryFolder();
    try {
      await writeFile(join(folder.path, 'file'), '');
      const { code, stderr } = await runCommand(['start'], environmentFor(join(folder.path, 'file', 'data')));
      expect(code).toBe(2);
      expect(stderr).toContain(join(folder.path, 'file', 'data'));
      expect(stderr).toContain('DATA_DIR');
    } finally {
      await folder[Symbol.asyncDispose]();
    }
  });

  test('a second server on the same data folder refuses, and says who holds it; the first is unharmed', async () => {
    const server = await startServer({ env: { AGNES_ROLE: 'api' } });
    try {
      const { code, stderr } = await runCommand(['start'], environmentFor(server.dataDir));
      expect(code).toBe(5);
      const holder = new RegExp(`process ${server.pid} on ${hostname()} since \\d{4}-\\d\\d-\\d\\dT`);
      expect(stderr).toMatch(/state_locked/);
      expect(stderr).toMatch(holder);
      expect((await apiOf(server.url)('health')).body.status).toBe('ok');
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });

  test('without an administrator the server says where the bootstrap code is, never the code, and takes it once', async () => {
    const server = await startServer({ env: { AGNES_ROLE: 'api', SEED_ADMIN_EMAIL: '', SEED_ADMIN_PASSWORD: '' } });
    try {
      const path = join(server.dataDir, 'state', 'bootstrap-code');
      const code = (await readFile(path, 'utf8')).trim();
      expect(server.log()).toContain(path);
      expect(server.log()).not.toContain(code);
      const api = apiOf(server.url);
      const body = { email: 'first@example.com', password: 'a-long-pass-phrase-1', code };
      expect((await api('bootstrap', { body: { ...body, code: 'wrong' } })).body.code).toBe('invalid_credentials');
      const first = await api('bootstrap', { body });
      expect(first.body).toMatchObject({ role: 'admin' });
      expect((await api('bootstrap', { body })).body.code).toBe('bootstrap_closed');
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });
});

describe('an administrator without a password', () => {
  const WARNING = 'nobody can sign in to administer this server';
  const setPassword = 'agnes-server break-glass set-password admin@example.com --password-stdin < password.txt';

  test('whom nothing else lets in is named in the log at each start, with a command that helps', async () => {
    await using server = await startServer({
      env: { AGNES_ROLE: 'api', AGNES_STATE_URL: '', SEED_ADMIN_PASSWORD: '' },
    });
    const warnings = () =>
      server
        .log()
        .split('\n')
        .filter((line) => line.includes(WARNING))
        .map((line) => JSON.parse(line) as { level: string; msg: string });
    expect(warnings()).toMatchObject([{ level: 'warn', msg: expect.stringContaining(setPassword) }]);
    // The command of the warning, as it stands there.
    const [, ...words] = setPassword.replace(/ <.*/, '').split(' ');
    const command = await startCommand(words, environmentFor(server.dataDir), 'a-long-pass-phrase-1');
    expect((await command.exited).code, command.stderr()).toBe(0);
    await signIn(server.url, 'admin@example.com', 'a-long-pass-phrase-1');
    await server.restart();
    expect(warnings()).toHaveLength(1);
  });

  test('is nothing to warn of where a provider lets them in', async () => {
    await using server = await startServer({
      env: {
        AGNES_ROLE: 'api',
        SEED_ADMIN_PASSWORD: '',
        OIDC_ISSUER: 'https://sso.example.com',
        OIDC_CLIENT_ID: 'agnes',
      },
    });
    expect(server.log()).not.toContain(WARNING);
  });
});

describe('ending', () => {
  test('SIGTERM during a sync ends in time with 0, and the next start goes on without a person', async () => {
    const server = await startServer({ env: { AGNES_ROLE: 'api' } });
    try {
      const admin = await registerBig(server.url, server.admin, server.dataDir);
      const { body } = await admin('triggerSync', { body: { tables: ['big'] } });
      await untilRunning(admin, body.job_id);
      expect(await server.stop()).toEqual({ code: 0, signal: null });
      expect(server.log()).toContain('stopped');
      await server.restart();
      await expectBigArrives(await signIn(server.url, server.admin.email, server.admin.password));
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });

  test('kill -9 during a sync loses nothing that was acknowledged, and the next start goes on without a person', async () => {
    const server = await startServer({ env: { AGNES_ROLE: 'api' } });
    try {
      const admin = await registerBig(server.url, server.admin, server.dataDir);
      const { body } = await admin('triggerSync', { body: { tables: ['big'] } });
      await untilRunning(admin, body.job_id);
      await server.kill('SIGKILL');
      await server.restart();
      const again = await signIn(server.url, server.admin.email, server.admin.password);
      expect((await again('listRegistry')).body.tables.map((table: { name: string }) => table.name)).toEqual(['big']);
      await expectBigArrives(again);
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });

  test('a state that is gone is not replaced by an empty one; the snapshot comes back by command', async () => {
    const server = await startServer({ env: { AGNES_ROLE: 'api', AGNES_STATE_URL: '' } });
    try {
      const admin = await signIn(server.url, server.admin.email, server.admin.password);
      await admin('createGroup', { body: { name: 'kept' } });
      const snapshots = join(server.dataDir, 'state', 'snapshots');
      while (!existsSync(snapshots)) await sleep(20);
      await server.stop();
      const env = environmentFor(server.dataDir);
      const file = join(server.dataDir, 'state', 'system.duckdb');
      await rename(file, `${file}.lost`);
      const refused = await runCommand(['start'], env);
      expect(refused.code).toBe(5);
      expect(refused.stderr).toContain('agnes-server state restore');
      const listed = await runCommand(['state', 'snapshots'], env);
      const [name = ''] = listed.stdout.split('\t');
      expect(refused.stderr).toContain(name);
      expect((await runCommand(['state', 'restore', name], env)).code).toBe(0);
      await server.restart();
      expect((await apiOf(server.url)('health')).body.status).toBe('ok');
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });
});

describe('the scheduler of role all', () => {
  test('runs as a child with a token of its own, triggers syncs, and goes with the server', async () => {
    const server = await startServer({
      env: {
        SCHEDULER_TICK_SECONDS: '1',
        SCHEDULER_DATA_REFRESH_INTERVAL: '1',
        SCHEDULER_HEALTH_CHECK_INTERVAL: '1',
        SCHEDULER_STARTUP_GRACE_SECONDS: '0',
      },
    });
    try {
      await mkdir(join(server.dataDir, 'files'), { recursive: true });
      await writeFile(join(server.dataDir, 'files', 'tiny.csv'), 'a\n1\n');
      const admin = await signIn(server.url, server.admin.email, server.admin.password);
      await admin('registerTable', { body: { name: 'tiny', source_type: 'local', source_table: 'tiny.csv' } });
      while ((await admin('syncManifest')).body.tables.tiny?.rows !== 1) await sleep(50);
      const scheduler = Number(/"scheduler_pid":(\d+)/.exec(server.log())?.[1]);
      expect(scheduler).toBeGreaterThan(0);
      expect(isAlive(scheduler)).toBe(true);
      await server.kill('SIGKILL');
      while (isAlive(scheduler)) await sleep(20);
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });
});

async function registerBig(url: string, admin: { email: string; password: string }, dataDir: string): Promise<Api> {
  await writeCsv(join(dataDir, 'files', 'big.csv'), 200_000, { id: (row) => row, text: (row) => `row ${row}` });
  const api = await signIn(url, admin.email, admin.password);
  await api('registerTable', { body: { name: 'big', source_type: 'local', source_table: 'big.csv' } });
  return api;
}

async function untilRunning(admin: Api, job: string): Promise<void> {
  while ((await admin('getJob', { params: { id: job } })).body.status === 'queued') await sleep(5);
}

/** The interrupted sync goes on by itself, or a new one can be started: either way the table arrives. */
async function expectBigArrives(admin: Api): Promise<void> {
  while ((await admin('syncStatus')).body.locked) await sleep(50);
  if ((await admin('syncManifest')).body.tables.big?.rows !== 200_000) {
    const job = await sync(admin, { tables: ['big'], force: true });
    expect(job.body).toMatchObject({ status: 'succeeded' });
  }
  expect((await admin('syncManifest')).body.tables.big.rows).toBe(200_000);
}
