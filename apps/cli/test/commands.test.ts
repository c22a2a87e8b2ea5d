import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { withoutDuckDb } from './no-duckdb.ts';
import { eachWithServerAndUser, server, user } from './set-up.ts';

eachWithServerAndUser();

const time = '2026-01-02T03:04:05.000Z';
const signedIn = () => ({ AGNES_SERVER: server.url, AGNES_TOKEN: server.token });

function job(status: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  const none = { progress: null, outcome: null, error: null, cancel_requested_at: null, created_by: null };
  const times = { created_at: time, started_at: time, finished_at: status === 'running' ? null : time };
  return { id: 'job1', kind: 'sync', lane: 'sync', status, payload: {}, attempts: 1, ...none, ...times, ...more };
}

describe('a command line', () => {
  test.each(['--version', '-V'])('%s answers without a command', async (flag) => {
    expect(await user.run([flag])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^agnes \d+\.\d+\.\d+\n$/) });
  });

  test('alone or with --help shows the commands, on stdout', async () => {
    const alone = await user.run([]);
    expect(alone).toMatchObject({ code: 0, stderr: '' });
    expect(alone.stdout).toContain('pull');
    expect((await user.run(['admin', 'group', '--help'])).stdout).toContain('add-member');
    expect((await user.run(['pull', '--help'])).stdout).toContain('--dry-run');
  });

  test.each([
    [['pul'], 'Did you mean: agnes pull'],
    [['amdin', 'jobs'], 'Did you mean: agnes admin jobs'],
    [['auth', 'lgin'], 'Did you mean: agnes auth login'],
    [['status', '--jsno'], 'Did you mean --json?'],
    [['zzzzzzz'], 'agnes --help'],
    [['query'], 'agnes query "SELECT …"'],
    [['pull', '--parallel', 'many'], 'agnes pull --help'],
    [['schema'], 'agnes schema --help'],
    [['status', 'extra'], 'agnes status --help'],
  ])('%j is wrong: exit code 2, nothing on stdout, a next step', async (args, hint) => {
    const { code, stdout, stderr } = await user.run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`→ ${hint}`);
  });

  test('shows nothing that steers a terminal, whoever it comes from', async () => {
    const evil = '\u001b[2J\u001b]0;title\u0007x\u009b31m';
    const rest = { table_id: 'x', source_type: evil, columns: [], where_dialect_hints: {} };
    const schema = { ...rest, name: evil, sql_flavor: evil, partition_by: evil, clustered_by: [evil] };
    server.answers.set('GET /api/v2/schema/x', [schema]);
    await server.publish('far', [], { distribution: 'server_only', reason: evil });
    for (const args of [
      [evil],
      ['schema', 'x'],
      ['init', '--server-url', server.url, '--workspace', join(user.folder, 'ws')],
    ]) {
      const { stdout, stderr } = await user.run(args, { env: signedIn() });
      expect(stdout + stderr).toContain('x');
      expect(stdout + stderr).not.toMatch(/(?!\n)\p{Cc}/u);
    }
  });

  test('with --json answers errors as one JSON document on stderr', async () => {
    const { code, stdout, stderr } = await user.run(['status', '--json']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: 'no_workspace', hint: expect.stringContaining('agnes init') },
    });
  });

  test('without a server, a token or a terminal says what to do and waits for nothing', async () => {
    expect((await user.run(['catalog'])).stderr).toContain('agnes auth login --server');
    const noToken = await user.run(['catalog', '--server', server.url, '--json']);
    expect(noToken.code).toBe(7);
    expect(JSON.parse(noToken.stderr)).toMatchObject({ error: { code: 'not_signed_in' } });
    const noTerminal = await user.run(['auth', 'login', '--server', server.url, '--email', 'ann@example.com']);
    expect(noTerminal).toMatchObject({ code: 2, stderr: expect.stringContaining('no terminal') });
  });

  test('in a home that cannot be written says which path', async () => {
    const file = join(user.folder, 'a-file');
    await writeFile(file, '');
    const { code, stderr } = await user.run(
      ['auth', 'import-token', '--server', server.url, '--token', server.token, '--json'],
      { env: { AGNES_CONFIG_DIR: join(file, 'config') } },
    );
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: 'path_not_writable', path: expect.stringContaining(file) },
    });
  });

  test('that runs no SQL does not load DuckDB', async () => {
    server.answers.set('GET /api/v2/catalog', [{ tables: [], server_time: time }]);
    server.answers.set('GET /api/users', [[]]);
    const options = { env: { ...signedIn(), ...withoutDuckDb } };
    for (const args of [['--help'], ['catalog'], ['auth', 'whoami'], ['admin', 'list-users']]) {
      expect(await user.run(args, options), args.join(' ')).toMatchObject({ code: 0 });
    }
    expect((await user.run(['status'], options)).code).toBe(1);
    await server.publish('small', ['SELECT 1 AS one']);
    const pulled = await user.run(['init', '--server-url', server.url], options);
    expect(pulled.stderr).toContain('DuckDB was loaded');
  });
});

describe('auth', () => {
  test('login keeps the token for this user alone, and no output shows it', async () => {
    const session = {
      access_token: 'agnes_ses_secret',
      token_type: 'bearer',
      user_id: 'u1',
      role: 'user',
      expires_at: time,
    };
    server.answers.set('POST /auth/token', [{ ...session, email: 'ann@example.com' }]);
    const args = ['auth', 'login', '--server', `${server.url}/`, '--email', 'ann@example.com', '--password-stdin'];
    const result = await user.run(args, { input: 'hunter2\n' });
    expect(result).toMatchObject({ code: 0, stdout: expect.stringContaining('ann@example.com') });
    expect(result.stdout + result.stderr).not.toMatch(/secret|hunter2/);
    expect(server.bodies.get('POST /auth/token')).toEqual({ email: 'ann@example.com', password: 'hunter2' });
    const config = user.env.AGNES_CONFIG_DIR ?? '';
    expect((await stat(join(config, 'token.json'))).mode & 0o777).toBe(0o600);
    expect((await stat(config)).mode & 0o777).toBe(0o700);
    expect(JSON.parse(await readFile(join(config, 'token.json'), 'utf8'))).toEqual({
      servers: { [server.url]: { access_token: 'agnes_ses_secret', email: 'ann@example.com' } },
    });
    expect(await readFile(join(config, 'config.yaml'), 'utf8')).toContain(`server: ${server.url}\n`);
    server.answers.set('POST /auth/logout', [undefined]);
    expect(await user.json(['auth', 'logout'])).toMatchObject({ signed_out: true, session_ended: true });
    expect((await user.run(['catalog'])).code).toBe(7);
  });

  test('login without a browser prints where to approve it, waits, and keeps the token', async () => {
    server.answers.set('POST /auth/device/start', [
      {
        device_code: 'device-secret',
        user_code: 'BCDF-GHJK',
        verification_uri: `${server.url}/login/device`,
        verification_uri_complete: `${server.url}/login/device?user_code=BCDF-GHJK`,
        expires_in: 900,
        interval: 0,
      },
    ]);
    const pending = { refused: 'authorization_pending' };
    const session = {
      access_token: 'agnes_ses_secret',
      token_type: 'bearer',
      user_id: 'u1',
      role: 'user',
      expires_at: time,
      email: 'ann@example.com',
    };
    server.answers.set('POST /auth/device/token', [pending, pending, session]);
    const result = await user.run(['auth', 'login', '--server', server.url]);
    expect(result).toMatchObject({ code: 0, stdout: expect.stringContaining('as ann@example.com') });
    expect(result.stderr).toContain(`Open this address in a browser: ${server.url}/login/device\n`);
    expect(result.stderr).toContain('BCDF-GHJK');
    expect(result.stdout + result.stderr).not.toMatch(/secret/);
    expect(server.bodies.get('POST /auth/device/token')).toEqual({ device_code: 'device-secret' });
    const config = user.env.AGNES_CONFIG_DIR ?? '';
    expect(await readFile(join(config, 'token.json'), 'utf8')).toContain('agnes_ses_secret');

    server.answers.set('POST /auth/device/token', [{ refused: 'device_login_denied' }]);
    const denied = await user.run(['auth', 'login', '--json']);
    expect([denied.code, denied.stdout]).toEqual([7, '']);
    const [event = '', error = ''] = denied.stderr.split('\n');
    expect(JSON.parse(event)).toEqual({
      event: 'approval_needed',
      verification_uri: `${server.url}/login/device`,
      user_code: 'BCDF-GHJK',
      expires_in: 900,
      browser_opens: false,
    });
    expect(JSON.parse(error)).toMatchObject({ error: { code: 'device_login_denied' } });
    expect((await user.run(['auth', 'login', '--help'])).stdout).toContain('15 minutes');
  });

  test('login opens no address that is no web page, whatever a server says', async () => {
    for (const uri of ['file:///etc/passwd', 'javascript:alert(1)', 'x']) {
      server.answers.set('POST /auth/device/start', [
        {
          device_code: 'd',
          user_code: 'BCDF-GHJK',
          verification_uri: uri,
          verification_uri_complete: uri,
          expires_in: 900,
          interval: 0,
        },
      ]);
      const result = await user.run(['auth', 'login', '--server', server.url]);
      expect(result).toMatchObject({ code: 5, stderr: expect.stringContaining('no web page') });
    }
  });

  test('import-token keeps the old token when the new one does not work', async () => {
    await user.run(['auth', 'import-token', '--server', server.url, '--token-stdin'], { input: server.token });
    const bad = await user.run(['auth', 'import-token', '--token-stdin'], { input: 'agnes_pat_wrong' });
    expect(bad.code).toBe(7);
    expect(await user.json(['auth', 'whoami'])).toMatchObject({ email: 'ann@example.com', server: server.url });
  });

  test('AGNES_TOKEN is not sent to a server that only a workspace file names', async () => {
    await mkdir(join(user.folder, '.agnes'));
    const file = { format: 1, server: server.url, created_at: time, initialized_at: time, agnes_version: '0' };
    await writeFile(join(user.folder, '.agnes', 'workspace.json'), JSON.stringify(file));
    const refused = await user.run(['pull', '--json'], { env: { AGNES_TOKEN: server.token } });
    expect(JSON.parse(refused.stderr)).toMatchObject({ error: { code: 'not_signed_in' } });
    expect(server.manifestStatuses).toEqual([]);
    expect((await user.run(['pull'], { env: signedIn() })).code).toBe(0);
  });

  test('AGNES_TOKEN that is refused is named, because signing in does not change it', async () => {
    await user.run(['auth', 'import-token', '--server', server.url, '--token-stdin'], { input: server.token });
    for (const token of ['agnes_pat_wrong', 'with a blank']) {
      for (const args of [['auth', 'whoami'], ['init', '--server-url', server.url], ['diagnose']]) {
        const refused = await user.run(args, { env: { AGNES_SERVER: server.url, AGNES_TOKEN: token } });
        const said = refused.stdout + refused.stderr;
        expect(said, args.join(' ')).toContain('The token in AGNES_TOKEN was refused');
        expect(said).toContain('unset it');
        expect(said).not.toContain('Sign in again');
      }
    }
    server.token = 'agnes_pat_other';
    const own = await user.run(['auth', 'whoami']);
    expect(own).toMatchObject({ code: 7, stderr: expect.not.stringContaining('AGNES_TOKEN') });
  });

  test('token create --raw prints the token alone', async () => {
    const created = {
      id: 't1',
      name: 'ci',
      prefix: 'agnes_pat_ab',
      token: 'agnes_pat_abc',
      scope: 'general',
      expires_at: time,
      created_at: time,
    };
    server.answers.set('POST /auth/tokens', [created]);
    const result = await user.run(['auth', 'token', 'create', '--name', 'ci', '--ttl', '12h', '--raw'], {
      env: signedIn(),
    });
    expect(result).toMatchObject({ code: 0, stdout: 'agnes_pat_abc\n', stderr: '' });
    expect(server.bodies.get('POST /auth/tokens')).toEqual({ name: 'ci', scope: 'general', ttl_seconds: 43_200 });
    const narrow = ['--name', 'ci', '--scope', 'pull', '--expires-in-days', '30'];
    await user.run(['auth', 'token', 'create', ...narrow], { env: signedIn() });
    expect(server.bodies.get('POST /auth/tokens')).toEqual({ name: 'ci', scope: 'pull', expires_in_days: 30 });
    const wide = await user.run(['auth', 'token', 'create', '--name', 'ci', '--scope', 'all'], { env: signedIn() });
    expect(wide).toMatchObject({ code: 2, stderr: expect.stringContaining('pull') });
  });
});

describe('catalog', () => {
  const table = {
    ...{ id: 'x', name: 'orders', description: null, source_type: 'local', query_mode: 'local', sql_flavor: 'duckdb' },
    ...{ rows: null, size_bytes: null, updated: time, where_examples: [], fetch_via: '', rough_size_hint: null },
    ...{ partition_by: null, clustered_by: [], entity_type: null, metadata_freshness: 'not_applicable' },
  };
  test.each([
    [[{ restricted: true }], / server /, ['--remote "']],
    [[{ restricted: true }, {}], / server .*\n.* local /, ['query "', '--remote "']],
    [[{}], / local /, ['query "']],
    [[{ query_mode: 'remote' }], / remote /, []],
  ])('of %j says where they can be queried, and how', async (tables, modes, queries) => {
    const answer = { tables: tables.map((one) => ({ ...table, ...one })), server_time: time };
    server.answers.set('GET /api/v2/catalog', [answer]);
    const { stdout, stderr } = await user.run(['catalog'], { env: signedIn() });
    expect(stdout).toMatch(modes);
    expect(['query "', '--remote "'].filter((query) => stderr.includes(query))).toEqual(queries);
  });
});

describe('admin', () => {
  test('sync waits for the job and ends with 1 when a table failed', async () => {
    const failure = { item: 'b', code: 'source_file_invalid', message: 'b.csv is no CSV.', hint: 'Look at line 3.' };
    const outcome = { attempted: 2, changed: 1, skipped: [], failed: [failure] };
    server.answers.set('POST /api/sync/trigger', [{ status: 'triggered', tables: 'all', message: '', job_id: 'job1' }]);
    server.answers.set('GET /api/jobs/job1', [job('running'), job('running'), job('partial', { outcome })]);
    const { code, stdout, stderr } = await user.run(['admin', 'sync', 'a', 'b'], { env: signedIn() });
    expect(code).toBe(1);
    expect(stdout).toBe('Synced 2 tables: 1 changed, 0 unchanged, 1 failed.\n');
    expect(stderr).toContain('failed: b: b.csv is no CSV. (source_file_invalid) → Look at line 3.');
    expect(stderr).toContain('→ agnes admin job show job1 --log');
    expect(server.bodies.get('POST /api/sync/trigger')).toEqual({ tables: ['a', 'b'] });
  });

  test('sync --no-wait answers at once', async () => {
    server.answers.set('POST /api/sync/trigger', [{ status: 'triggered', tables: 'all', message: '', job_id: 'job1' }]);
    const result = await user.json(['admin', 'sync', '--no-wait'], { env: signedIn() });
    expect(result).toMatchObject({ job_id: 'job1' });
    expect(server.bodies.get('POST /api/sync/trigger')).toEqual({ tables: null });
  });

  test('register-table sends what was given and nothing else', async () => {
    await writeFile(join(user.folder, 'q.sql'), 'SELECT 1');
    server.answers.set('POST /api/admin/register-table', [{ id: 'tbl_1', name: 'airports', status: 'registered' }]);
    const flags = [
      '--source-type',
      'local',
      '--query',
      '@q.sql',
      '--primary-key',
      'a, b',
      '--column-type',
      'zip=VARCHAR',
    ];
    await user.json(['admin', 'register-table', 'airports', ...flags], { env: signedIn() });
    expect(server.bodies.get('POST /api/admin/register-table')).toEqual({
      name: 'airports',
      source_type: 'local',
      source_query: 'SELECT 1',
      primary_key: ['a', 'b'],
      column_types: { zip: 'VARCHAR' },
    });
  });

  test('a missing argument is told without a word on flags that nobody gave', async () => {
    const bare = await user.run(['admin', 'register-table']);
    expect(bare).toMatchObject({ code: 2, stderr: expect.stringContaining('Missing 1 required arg') });
    expect(bare.stderr).not.toContain('--column-type');
    const eaten = await user.run(['admin', 'register-table', '--column-type', 'a=INTEGER', 'zips']);
    expect(eaten.stderr).toContain('--column-type allows multiple values');
  });

  test.each([
    [['admin', 'remove-user', 'a'], 'DELETE /api/users/a', { removed: true }],
    [['admin', 'group', 'delete', 'a'], 'DELETE /api/admin/groups/a', { deleted: true }],
    [['admin', 'unregister-table', 'a'], 'DELETE /api/admin/registry/a', { unregistered: true }],
  ])('%j asks first, or takes --yes', async (args, operation, done) => {
    server.answers.set(operation, [undefined]);
    const unasked = await user.run(args, { env: signedIn() });
    expect(unasked).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--yes') });
    expect(server.bodies.has(operation)).toBe(false);
    expect(await user.json([...args, '--yes'], { env: signedIn() })).toMatchObject(done);
    expect(server.bodies.has(operation)).toBe(true);
  });

  test('update-table without a change and unregister-table without --yes or a terminal are usage errors', async () => {
    expect((await user.run(['admin', 'update-table', 'a'], { env: signedIn() })).code).toBe(2);
    const unasked = await user.run(['admin', 'unregister-table', 'a'], { env: signedIn() });
    expect(unasked).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
    server.answers.set('DELETE /api/admin/registry/a', [undefined]);
    expect(await user.json(['admin', 'unregister-table', 'a', '--yes'], { env: signedIn() })).toMatchObject({
      unregistered: true,
    });
  });
});

describe('query', () => {
  beforeEach(async () => {
    await server.publish('people', [
      `SELECT * FROM (VALUES (1, 'Ann, "the" first', DATE '2020-01-02'), (2, NULL, NULL), (9007199254740993, 'x', NULL)) t(id, name, born)`,
    ]);
    await user.run(['init', '--server-url', server.url, '--token', server.token]);
  });

  test('prints a table, JSON or CSV with proper quoting', async () => {
    const sql = 'SELECT * FROM people ORDER BY id LIMIT 2';
    expect((await user.run(['query', sql])).stdout).toMatch(/id +name +born\n +1 +Ann, "the" first +2020-01-02\n/);
    expect((await user.run(['query', sql, '-f', 'csv'])).stdout).toBe(
      'id,name,born\n1,"Ann, ""the"" first",2020-01-02\n2,,\n',
    );
    expect(await user.json(['query', 'SELECT id, born FROM people ORDER BY id DESC LIMIT 1'])).toEqual([
      { id: '9007199254740993', born: null },
    ]);
    expect(await user.json(['query', 'SELECT 1 AS one WHERE false'])).toEqual([]);
    expect(await user.json(['query', '--stdin'], { input: '{"sql": "SELECT 1 AS one"}' })).toEqual([{ one: 1 }]);
  });

  test('says when there were more rows', async () => {
    const more = await user.run(['query', 'SELECT * FROM range(5000)', '--limit', '10', '--json']);
    expect(JSON.parse(more.stdout)).toHaveLength(10);
    expect(more.stderr).toContain('Truncated at 10 rows');
    const all = await user.run(['query', 'SELECT * FROM range(5000)', '--limit', '0', '--json']);
    expect(JSON.parse(all.stdout)).toHaveLength(5000);
    expect(all.stderr).toBe('');
    const exact = await user.run(['query', 'SELECT * FROM range(2048)', '--limit', '2048', '--json']);
    expect(exact.stderr).toBe('');
  });

  test.each([
    ['SELECT * FROM peopel', 8, 'Did you mean people'],
    ['SELECT 1; SELECT 2', 2, 'agnes query'],
    ['CREATE TABLE t (a INTEGER)', 2, 'agnes pull keeps them'],
    ['SELEKT 1', 2, 'at line 1, column 1:\n    SELEKT 1\n    ^\n→ Look at the place'],
    ['SELECT namee FROM people', 2, 'Did you mean name? Columns and types: agnes schema'],
    ['SELECT name::INTEGER FROM people', 1, 'TRY_CAST'],
  ])('%s: exit code %i and a next step', async (sql, exit, hint) => {
    const { code, stdout, stderr } = await user.run(['query', sql]);
    expect({ code, stdout }).toEqual({ code: exit, stdout: '' });
    expect(stderr).toContain(hint);
  });

  test('about a table that is on the server only says: pull', async () => {
    await server.publish('fresh', ['SELECT 1 AS one']);
    expect((await user.run(['query', 'SELECT * FROM fresh'])).stderr).toContain(
      "'fresh' is on the server but not here",
    );
  });
});
