import { existsSync } from 'node:fs';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { everyCommand, forEach } from './every-command.ts';
import { cliEntry, runRaw } from './raw.ts';
import { eachWithServerAndUser, server, user } from './set-up.ts';

// What a person, a script and an agent expect of any command line, of every command.

eachWithServerAndUser();

const signedIn = () => ({ AGNES_SERVER: server.url, AGNES_TOKEN: server.token });
const time = '2026-01-02T03:04:05.000Z';
const table = {
  id: 'x',
  name: 'x',
  description: null,
  source_type: 'local',
  query_mode: 'local',
  rows: 1,
  size_bytes: 1,
  updated: time,
  sql_flavor: 'duckdb',
  where_examples: [],
  fetch_via: 'pull',
  rough_size_hint: null,
  partition_by: null,
  clustered_by: [],
  entity_type: null,
  metadata_freshness: 'not_applicable',
};

describe('every command', () => {
  test('has help with an example that begins with the command', async () => {
    await forEach(await everyCommand(), async ({ words }) => {
      const name = words.join(' ');
      const { code, stdout, stderr } = await user.run([...words, '--help']);
      expect({ name, code, stderr }).toEqual({ name, code: 0, stderr: '' });
      expect(stdout.split('EXAMPLES')[1], name).toContain(`agnes ${name}`);
    });
  });

  test('refuses an unknown flag with 2 and suggests the one that was meant', async () => {
    await forEach(await everyCommand({ 'server-url': server.url }), async ({ words, needs }) => {
      const name = words.join(' ');
      const { code, stdout, stderr } = await user.run([...words, ...needs, '--jsn'], { env: signedIn() });
      expect({ name, code, stdout }).toEqual({ name, code: 2, stdout: '' });
      expect(stderr, name).toContain(`Did you mean --json? See: agnes ${name} --help`);
    });
  });

  test('never waits for a person, also when stdin is a pipe that never ends', async () => {
    await forEach(await everyCommand({ 'server-url': server.url }), async ({ words, needs }) => {
      const name = words.join(' ');
      const { signal, stderr } = await runRaw(user, [...words, ...needs], {
        stdin: 'open',
        env: { ...signedIn(), AGNES_LOCAL_DIR: join(user.folder, words.join('-')) },
      });
      expect({ name, signal }).toEqual({ name, signal: null });
      expect(stderr, name).not.toContain('internal_cli_error');
    });
  });

  test('calls an answer of another shape an error of the server', async () => {
    const odd = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"unexpected":true}');
    });
    await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(odd.address() as AddressInfo).port}`;
    const codes: Record<string, number | null> = {};
    const extra: Record<string, string[]> = {
      'auth login': ['--email', 'a@example.com', '--password', 'p'],
      'auth import-token': ['--token', 't'],
      'auth token create': ['--name', 'x'],
      'auth sessions revoke': ['--others'],
      'setup bootstrap': ['--code', 'c', '--password', 'p'],
      'admin set-password': ['--password', 'p'],
      'admin remove-user': ['--yes'],
      'admin group delete': ['--yes'],
      'admin group rename': ['--description', 'd'],
      'admin policy set': ['--row-filter', 'true'],
      'admin policy delete': ['--yes'],
      'admin sessions revoke': ['--all'],
      'admin unregister-table': ['--yes'],
      'admin update-table': ['--description', 'd'],
    };
    await forEach(await everyCommand({ 'server-url': url }), async ({ words, needs }) => {
      const name = words.join(' ');
      const given = (extra[name] ?? []).filter((word) => !needs.includes(word));
      const { code, stderr } = await user.run([...words, ...needs, ...given], {
        env: { AGNES_SERVER: url, AGNES_TOKEN: 't', AGNES_LOCAL_DIR: join(user.folder, words.join('-')) },
      });
      codes[name] = code;
      expect(stderr, name).not.toContain('internal_cli_error');
      expect(stderr, name).not.toContain('undefined');
      if (code === 5) expect(stderr, name).toMatch(/server_error\)\n→ Check that this is an Agnes server/);
    });
    odd.closeAllConnections();
    odd.close();
    // The others ask no server, answer without a body, or need a workspace first.
    const withoutJson = Object.entries(codes).flatMap(([name, code]) => (code === 5 ? [] : [name]));
    expect(withoutJson.sort()).toMatchInlineSnapshot(`
      [
        "admin audit export",
        "admin break-glass",
        "admin grant delete",
        "admin group delete",
        "admin group remove-member",
        "admin remove-user",
        "admin set-password",
        "admin set-role",
        "admin token revoke",
        "admin unregister-table",
        "auth logout",
        "completion",
        "diagnose",
        "pull",
        "query",
        "status",
      ]
    `);
  });
});

describe('a pipe whose reader has gone', () => {
  test('is no error', async () => {
    server.answers.set('GET /api/v2/catalog', [
      { tables: Array.from({ length: 5000 }, () => table), server_time: time },
    ]);
    const raw = await runRaw(user, ['catalog'], { stdin: 'closed', hangUp: true, env: signedIn() });
    expect(raw).toMatchObject({ code: 0, signal: null });
    expect(raw.stderr).not.toMatch(/Error|EPIPE/);
  });

  test('ends a query that has more to print', async () => {
    await server.publish('t', ['SELECT 1 AS one']);
    await user.run(['init', '--server-url', server.url, '--token', server.token]);
    const sql = 'SELECT * FROM range(2000000000)';
    for (const format of ['csv', 'json']) {
      const raw = await runRaw(user, ['query', sql, '--limit', '0', '-f', format], { stdin: 'closed', hangUp: true });
      expect(raw).toMatchObject({ code: 0, signal: null, stderr: '' });
    }
  });
});

describe('a terminal', () => {
  const hasScript = existsSync('/usr/bin/script');
  test.runIf(hasScript).each([
    [{ TERM: 'dumb' }, ['--help']],
    [{ TERM: 'dumb' }, ['pull', '--help']],
    [{ TERM: 'dumb' }, ['pulll']],
    [{ TERM: 'xterm-256color', NO_COLOR: '1' }, ['--help']],
    [{ TERM: 'xterm-256color', NO_COLOR: '1' }, ['status', '--jsn']],
  ])('with %j gets no escape codes from %j', async (env, args) => {
    const line = [process.execPath, cliEntry, ...args].map((word) => `'${word}'`).join(' ');
    const plain = { ...env, NO_COLOR: 'NO_COLOR' in env ? env.NO_COLOR : undefined };
    const { stdout } = await runRaw(user, [], {
      stdin: 'open',
      env: plain,
      through: ['/usr/bin/script', '-qec', line, '/dev/null'],
    });
    expect(stdout).toContain('agnes');
    expect(stdout).not.toContain('\u001b');
  });
});

describe('a home folder', () => {
  // Root may write everywhere: it becomes somebody else, who has no account and so no home either.
  const uid = process.getuid?.() === 0 ? 54_321 : undefined;
  const nowhere = { AGNES_CONFIG_DIR: undefined, XDG_CONFIG_HOME: undefined, XDG_CACHE_HOME: undefined };

  test.runIf(process.platform !== 'win32')(
    'that is missing is asked for, by every command that needs one',
    async () => {
      await chmod(user.folder, 0o777);
      await forEach(await everyCommand({ 'server-url': server.url }), async ({ words, needs }) => {
        const name = words.join(' ');
        const raw = await runRaw(user, [...words, ...needs], {
          stdin: 'closed',
          cwd: '/',
          env: { ...nowhere, ...signedIn(), HOME: '' },
          ...(uid === undefined ? {} : { uid }),
        });
        expect({ name, signal: raw.signal }).toEqual({ name, signal: null });
        expect(raw.stderr, name).not.toContain('internal_cli_error');
        if (raw.stderr.includes('no_home_folder')) {
          expect(raw, name).toMatchObject({ code: 1, stdout: '' });
          expect(raw.stderr, name).toContain('→ Set HOME, or AGNES_CONFIG_DIR');
        }
      });
      const raw = await runRaw(user, ['catalog'], { stdin: 'closed', cwd: '/', env: { ...nowhere, HOME: '' } });
      expect(raw.stderr).toContain('no_home_folder');
    },
  );

  test.runIf(process.platform !== 'win32')('that is read-only stops what writes there, not what reads', async () => {
    server.answers.set('GET /api/v2/catalog', [{ tables: [], server_time: time }]);
    const home = join(user.folder, 'home');
    await mkdir(home);
    await chmod(home, 0o555);
    const options = {
      stdin: 'closed' as const,
      cwd: '/',
      env: { ...nowhere, HOME: home },
      ...(uid === undefined ? {} : { uid }),
    };
    const env = { ...options.env, ...signedIn() };
    const parents = [user.folder, join(user.folder, '..')];
    for (const folder of parents) await chmod(folder, 0o755);
    expect(await runRaw(user, ['catalog'], { ...options, env })).toMatchObject({ code: 0 });
    const args = ['auth', 'import-token', '--server', server.url, '--token', server.token];
    const refused = await runRaw(user, args, options);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('path_not_writable');
    expect(refused.stderr).toContain('AGNES_CONFIG_DIR');
  });
});

describe('a folder', () => {
  test('with spaces, quotes and other letters is a workspace like any other', async () => {
    await server.publish('people', ["SELECT 1 AS id, 'Žofie' AS name"]);
    const workspace = join(user.folder, "Můj sešit's 数据 %20 #1", 'à b');
    await user.json(['init', '--server-url', server.url, '--token', server.token, '--workspace', workspace]);
    expect(await user.json(['query', 'SELECT name FROM people'], { cwd: workspace })).toEqual([{ name: 'Žofie' }]);
    await server.publish('people', ["SELECT 2 AS id, 'Øyvind' AS name"]);
    expect(await user.json(['pull'], { cwd: workspace })).toMatchObject({ tables_updated: 1 });
    expect(await user.json(['query', 'SELECT name FROM people'], { cwd: workspace })).toEqual([{ name: 'Øyvind' }]);
    expect(await user.json(['status'], { cwd: workspace })).toMatchObject({ workspace });
    expect(await user.json(['diagnose', '--verify'], { cwd: workspace })).toMatchObject({ overall: 'healthy' });
  });

  test.runIf(process.platform !== 'win32')('that is gone is said to be gone', async () => {
    const gone = join(user.folder, 'gone');
    for (const args of [
      ['status'],
      ['pull'],
      ['query', 'SELECT 1'],
      ['diagnose'],
      ['init', '--server-url', server.url],
    ]) {
      await mkdir(gone);
      const line = `rmdir . && exec '${process.execPath}' '${cliEntry}' ${args.map((word) => `'${word}'`).join(' ')}`;
      // `rmdir .` is refused; the full name is not.
      const script = line.replace('rmdir .', `rmdir '${gone}'`);
      const raw = await runRaw(user, [], { stdin: 'closed', cwd: gone, through: ['/bin/sh', '-c', script] });
      expect({ args, code: raw.code, stdout: raw.stdout }).toEqual({ args, code: 1, stdout: '' });
      expect(raw.stderr).toContain('working_folder_gone)\n→ Go to one that does');
      await rm(gone, { recursive: true, force: true });
    }
    await mkdir(gone);
    const help = `rmdir '${gone}' && exec '${process.execPath}' '${cliEntry}' --help`;
    expect(await runRaw(user, [], { stdin: 'closed', cwd: gone, through: ['/bin/sh', '-c', help] })).toMatchObject({
      code: 0,
    });
  });
});

test('a table whose name is no name fails alone', async () => {
  await server.publish('good', ['SELECT 1 AS one']);
  const odd = ['a b', "a'; DROP VIEW good; --", '../../up', 'x'.repeat(300), 'bell\u0007', ''];
  for (const name of odd) {
    await server.publish('odd', ['SELECT 1 AS one']);
    server.rename('odd', name);
  }
  const { code, stdout, stderr } = await user.run(['init', '--server-url', server.url, '--token', server.token]);
  expect(code).toBe(1);
  expect(stdout).toContain('is ready');
  expect(stderr.match(/\(invalid_identifier\)/g)).toHaveLength(odd.length);
  expect(await user.json(['query', 'SELECT * FROM good'])).toEqual([{ one: 1 }]);
  expect(await user.json(['query', 'SELECT view_name FROM duckdb_views() WHERE NOT internal'])).toEqual([
    { view_name: 'good' },
  ]);
});
