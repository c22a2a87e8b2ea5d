import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '@agnes/duckdb';
import { describe, expect, test } from 'vitest';
import { ask } from './ask.ts';
import { withoutDuckDb } from './no-duckdb.ts';
import { eachWithServerAndUser, server, user } from './set-up.ts';

eachWithServerAndUser();

const rows = (from: number, to: number, gen = 1): string =>
  `SELECT range AS id, md5(range::VARCHAR) AS text, ${gen} AS gen FROM range(${from}, ${to})`;

const init = (options = {}) =>
  user.run(['init', '--server-url', server.url, '--token-stdin', '--json'], { input: `${server.token}\n`, ...options });

const count = async (table: string): Promise<unknown> =>
  (await ask(user.folder, `SELECT count(*) AS n FROM ${table}`))[0]?.n;

interface Outcome {
  tables_updated: number;
  tables_total: number;
  files: number;
  bytes: number;
  removed: { table: string; reason: string }[];
  errors: { table: string; code: string }[];
  warnings: string[];
  skipped: { table: string }[];
}

describe('a first pull', () => {
  test('needs no address when there is one sign-in, and names the next step when there is none', async () => {
    const unknown = await user.run(['init']);
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('--server-url https://<your-host>') });
    const refused = await user.run(['init', '--server-url', server.url]);
    expect(refused.code).toBe(7);
    expect(refused.stderr).toContain(`→ agnes auth login --server ${server.url}`);
    expect(refused.stderr).not.toContain('terminal');

    await user.json(['auth', 'import-token', '--server', server.url, '--token', server.token]);
    expect(await user.json(['init', '--workspace', join(user.folder, 'one')])).toMatchObject({ server: server.url });
    const tokens = { [server.url]: { access_token: server.token }, 'https://b.example.com': { access_token: 'b' } };
    await writeFile(join(user.env.AGNES_CONFIG_DIR ?? '', 'token.json'), JSON.stringify({ servers: tokens }));
    const several = await user.run(['init', '--workspace', join(user.folder, 'two')]);
    expect(several.code).toBe(2);
    expect(several.stderr).toContain(`--server-url ${server.url}   or --server-url https://b.example.com`);
  });

  test('brings every granted table, and what it wrote is what init promises', async () => {
    await server.publish('big', [rows(0, 5000), rows(5000, 9000), rows(9000, 10_000)]);
    await server.publish('small', [rows(0, 3)]);
    await server.publish('empty', [], { columns: [{ name: 'at', type: 'TIMESTAMP WITH TIME ZONE', nullable: true }] });
    await server.publish('far', [], { query_mode: 'remote', distribution: 'server_only' });
    const result = await init();
    expect(result.stderr).not.toContain('Error');
    expect(JSON.parse(result.stdout)).toMatchObject({
      email: 'ann@example.com',
      pull: { tables_updated: 3, files: 4 },
    });
    expect(await count('big')).toBe(10_000);
    expect(await count('empty')).toBe(0);
    expect(await ask(user.folder, 'SELECT min(id) AS a, max(id) AS b FROM big')).toEqual([{ a: 0, b: 9999 }]);
    const rules = await readFile(join(user.folder, 'CLAUDE.md'), 'utf8');
    expect(rules).toContain('AI Data Analyst');
    expect(rules).toMatch(/`"restricted": true`: on the server only.*\n.*`agnes query --remote /);
    expect((await readdir(user.folder)).sort()).toEqual([
      '.agnes',
      '.claude',
      'AGNES_WORKSPACE.md',
      'CLAUDE.md',
      'user',
    ]);
    const token = await stat(join(user.env.AGNES_CONFIG_DIR ?? '', 'token.json'));
    expect(token.mode & 0o777).toBe(0o600);
    const status = await user.json<{ tables: unknown[]; elsewhere: object }>(['status']);
    expect(status.tables).toHaveLength(3);
    expect(status.elsewhere).toHaveProperty('far');
  });

  test('fetches parts at the same time', async () => {
    await server.publish('big', [rows(0, 5000), rows(5000, 9000), rows(9000, 12_000), rows(12_000, 15_000)]);
    let [now, most] = [0, 0];
    server.onBlob = () => {
      now += 1;
      most = Math.max(most, now);
      setTimeout(() => {
        now -= 1;
      }, 30);
      return { pauseMs: 20 };
    };
    await init();
    expect(most).toBeGreaterThan(1);
  });

  test('into a workspace that exists is refused, and --force backs up what was there', async () => {
    await server.publish('small', [rows(0, 3)]);
    await init();
    const again = await init();
    expect(again.code).toBe(6);
    expect(JSON.parse(again.stderr)).toMatchObject({ error: { code: 'workspace_exists' } });
    await writeFile(join(user.folder, 'CLAUDE.md'), 'mine');
    await writeFile(join(user.folder, '.claude', 'CLAUDE.local.md'), 'my notes');
    const forced = await user.run(['init', '--force', '--server-url', server.url]);
    expect(forced.code).toBe(0);
    const backup = (await readdir(user.folder)).find((name) => name.startsWith('CLAUDE.md.bak.')) ?? '';
    expect(await readFile(join(user.folder, backup), 'utf8')).toBe('mine');
    expect(await readFile(join(user.folder, '.claude', 'CLAUDE.local.md'), 'utf8')).toBe('my notes');
  });

  test('that was interrupted is resumed by the same command', async () => {
    await server.publish('small', [rows(0, 3)]);
    server.onBlob = () => ({ status: 404 });
    const broken = await init();
    expect(broken.code).toBe(1);
    const file = join(user.folder, '.agnes', 'workspace.json');
    await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), initialized_at: null }));
    server.onBlob = () => ({});
    const resumed = await init();
    expect(JSON.parse(resumed.stdout)).toMatchObject({ resumed: true, pull: { tables_total: 1 } });
  });

  test.each([
    [401, 'invalid_credentials', 7],
    [500, 'internal_error', 5],
  ])('answered with %i says %s', async (status, code, exit) => {
    if (status === 401) await user.run(['init', '--server-url', server.url, '--token', 'agnes_pat_other']);
    else server.failWith = status;
    const result =
      status === 401
        ? await user.run(['init', '--server-url', server.url, '--token', 'agnes_pat_other', '--json'])
        : await init();
    expect(result.code).toBe(exit);
    expect(JSON.parse(result.stderr)).toMatchObject({ error: { code } });
    expect(await readdir(user.folder)).toEqual([]);
  });
});

describe('a pull', () => {
  test('with nothing new asks once, gets 304, and does not load DuckDB', async () => {
    await server.publish('small', [rows(0, 3)]);
    await init();
    server.manifestStatuses.length = 0;
    const outcome = await user.json<Outcome>(['pull'], { env: withoutDuckDb });
    expect(server.manifestStatuses).toEqual([304]);
    expect(outcome).toMatchObject({ tables_updated: 0, tables_total: 1, files: 0, bytes: 0 });
  });

  test('brings a file back that was deleted from the store', async () => {
    const { parts } = await server.publish('small', [rows(0, 3)]);
    await init();
    const sha256 = parts[0]?.sha256 ?? '';
    await rm(storePath(sha256));
    expect(await user.json(['pull'])).toMatchObject({ files: 1 });
    expect(await count('small')).toBe(3);
  });

  test('fetches only the parts that are new', async () => {
    await server.publish('big', [rows(0, 5000), rows(5000, 9000)]);
    await init();
    await server.publish('big', [rows(0, 5000), rows(5000, 9500)]);
    expect(await user.json(['pull'])).toMatchObject({ tables_updated: 1, files: 1 });
    expect(await count('big')).toBe(9500);
  });

  test('takes out a revoked table, its file too, and says so', async () => {
    const { parts } = await server.publish('movies', [rows(0, 10)]);
    await server.publish('small', [rows(0, 3)]);
    await init();
    server.revoke('movies');
    const { stdout, code } = await user.run(['pull']);
    expect(code).toBe(0);
    expect(stdout).toContain('Removed: movies (no longer granted or published)');
    const gone = await user.run(['query', 'SELECT * FROM movies', '--json']);
    expect(gone.code).toBe(8);
    expect(JSON.parse(gone.stderr)).toMatchObject({ error: { code: 'table_not_found' } });
    await expect(stat(storePath(parts[0]?.sha256 ?? ''))).rejects.toThrow('ENOENT');
    expect(await count('small')).toBe(3);
  });

  test('leaves a revoked file that another workspace still needs', async () => {
    const { parts } = await server.publish('movies', [rows(0, 10)]);
    await init();
    const other = join(user.folder, '..', 'other');
    await user.run(['init', '--server-url', server.url, '--workspace', other]);
    server.revoke('movies');
    await user.json(['pull']);
    expect((await stat(storePath(parts[0]?.sha256 ?? ''))).isFile()).toBe(true);
    await user.json(['pull'], { cwd: other });
    await expect(stat(storePath(parts[0]?.sha256 ?? ''))).rejects.toThrow('ENOENT');
  });

  test("keeps the user's own tables and views; a name of theirs wins", async () => {
    await server.publish('small', [rows(0, 3)]);
    await init();
    await using database = await openDatabase(join(user.folder, 'user', 'duckdb', 'analytics.duckdb'));
    const connection = await database.connect();
    await connection.run("CREATE TABLE notes (id INTEGER PRIMARY KEY, text VARCHAR DEFAULT 'none')");
    await connection.run("INSERT INTO notes VALUES (1, 'keep me')");
    await connection.run('CREATE VIEW tripled AS SELECT id * 3 AS id FROM small');
    await connection.run('CREATE TABLE later AS SELECT 7 AS seven');
    await database.close();
    await server.publish('small', [rows(0, 5)]);
    await server.publish('later', [rows(0, 9)]);
    const outcome = await user.json<Outcome>(['pull']);
    expect(outcome.warnings.join()).toContain('later');
    expect(await ask(user.folder, 'SELECT text FROM notes')).toEqual([{ text: 'keep me' }]);
    expect(await ask(user.folder, 'SELECT max(id) AS id FROM tripled')).toEqual([{ id: 12 }]);
    expect(await ask(user.folder, 'SELECT * FROM later')).toEqual([{ seven: 7 }]);
    expect(await user.run(['query', "INSERT INTO notes VALUES (2, 'x')"])).toMatchObject({ code: 2 });
  });

  test('while another program writes to the database fails clearly and changes nothing', async () => {
    await server.publish('small', [rows(0, 3)]);
    await init();
    await server.publish('small', [rows(0, 4)]);
    const database = await openDatabase(join(user.folder, 'user', 'duckdb', 'analytics.duckdb'));
    const busy = await user.run(['pull', '--json']);
    await database.close();
    expect(busy.code).toBe(1);
    expect(JSON.parse(busy.stderr)).toMatchObject({ error: { code: 'workspace_busy' } });
    expect(await count('small')).toBe(3);
    expect(await user.json(['pull'])).toMatchObject({ tables_updated: 1, files: 0 });
    expect(await count('small')).toBe(4);
  });

  test('says what it would do with --dry-run, and does nothing', async () => {
    await server.publish('movies', [rows(0, 10)]);
    await init();
    server.revoke('movies');
    await server.publish('new', [rows(0, 10)]);
    const before = await readFile(join(user.folder, '.agnes', 'state.json'), 'utf8');
    const { stdout } = await user.run(['pull', '--dry-run']);
    expect(stdout).toContain('Update: new');
    expect(stdout).toContain('Would remove: movies');
    expect(await readFile(join(user.folder, '.agnes', 'state.json'), 'utf8')).toBe(before);
    expect(await count('movies')).toBe(10);
  });

  test('stops asking when the server has none of what its list names, and asks for the list once more', async () => {
    const selects = Array.from({ length: 40 }, (_, part) => `SELECT ${part} AS id`);
    await server.publish('small', [rows(0, 3)]);
    await server.publish('wide', selects);
    for (let table = 0; table < 40; table += 1) await server.publish(`t${table}`, [`SELECT 'only ${table}' AS id`]);
    server.onBlob = ({ sha256 }) => (sha256 === small ? {} : { status: 404 });
    const small = (await server.publish('small', [rows(0, 3)])).parts[0]?.sha256;
    await init();
    expect(server.manifestStatuses).toEqual([200, 200]);
    expect(server.blobRequests.length).toBeLessThan(40);
    expect(await count('small')).toBe(3);
  });

  test('takes the newer list when a version has gone since the list was made', async () => {
    const { parts } = await server.publish('small', [rows(0, 3)]);
    server.onBlob = ({ sha256 }) => {
      if (sha256 !== parts[0]?.sha256) return {};
      server.revoke('small');
      return { status: 404 };
    };
    await server.publish('other', [rows(0, 5)]);
    const result = await init();
    expect(result.code).toBe(0);
    expect(await count('other')).toBe(5);
  });

  test('keeps the old version of a table whose new files are no table', async () => {
    await server.publish('small', [rows(0, 3)]);
    await server.publish('other', [rows(0, 3)]);
    await init();
    await server.publish('other', [rows(0, 4)]);
    // A column that the files do not have: no view can be made.
    await server.publish('small', [rows(0, 9)], { columns: [{ name: 'absent', type: 'INTEGER', nullable: true }] });
    const result = await user.run(['pull', '--json']);
    expect(result.code).toBe(1);
    expect(JSON.parse(result.stdout)).toMatchObject({ errors: [{ table: 'small', code: 'table_unreadable' }] });
    expect([await count('small'), await count('other')]).toEqual([3, 4]);
  });

  test('deletes nothing while it cannot tell what another workspace needs, and says so', async () => {
    const { parts } = await server.publish('movies', [rows(0, 10)]);
    await server.publish('small', [rows(0, 3)]);
    await init();
    const refs = join(user.env.XDG_CACHE_HOME ?? '', 'agnes', 'store', 'refs', 'other.json');
    await writeFile(refs, '{"workspace": "/some');
    server.revoke('movies');
    const outcome = await user.json<Outcome>(['pull']);
    expect(outcome.removed).toHaveLength(1);
    expect(outcome.warnings.join()).toContain(refs);
    expect((await stat(storePath(parts[0]?.sha256 ?? ''))).isFile()).toBe(true);
    await rm(refs);
    await server.publish('small', [rows(0, 4)]);
    expect((await user.json<Outcome>(['pull'])).warnings).toEqual([]);
    await expect(stat(storePath(parts[0]?.sha256 ?? ''))).rejects.toThrow('ENOENT');
  });

  test('refuses a time limit that is no number', async () => {
    await server.publish('small', [rows(0, 3)]);
    await init();
    const silent = await user.run(['pull', '--json'], { env: { AGNES_TIMEOUT_SECONDS: 'soon' } });
    expect(silent.code).toBe(2);
    expect(silent.stderr).toContain('AGNES_TIMEOUT_SECONDS');
  });

  test('beside another pull of the same workspace: one works, one names it', async () => {
    await server.publish('big', [rows(0, 50_000)]);
    await init();
    await server.publish('big', [rows(0, 60_000)]);
    server.onBlob = () => ({ pauseMs: 10 });
    const both = await Promise.all([user.run(['pull', '--json']), user.run(['pull', '--json'])]);
    expect(both.map(({ code }) => code).sort()).toEqual([0, 1]);
    expect(both.map(({ stderr }) => stderr).join()).toMatch(/workspace_busy.*agnes pull/);
    expect(await count('big')).toBe(60_000);
  });

  test('beside a pull of another workspace into the same store: both arrive', async () => {
    await server.publish('big', [rows(0, 30_000), rows(30_000, 60_000)]);
    server.onBlob = () => ({ pauseMs: 2 });
    const at = (name: string) =>
      user.run(['init', '--server-url', server.url, '--token', server.token, '--workspace', join(user.folder, name)]);
    const both = await Promise.all([at('a'), at('b')]);
    expect(both.map(({ code, stderr }) => [code, stderr.includes('Error')])).toEqual([
      [0, false],
      [0, false],
    ]);
    for (const name of ['a', 'b']) {
      const found = await user.json(['query', 'SELECT count(*) AS n FROM big'], { cwd: join(user.folder, name) });
      expect(found).toEqual([{ n: 60_000 }]);
    }
  });
});

describe('a download', () => {
  test('that is cut goes on where it ended', async () => {
    const { parts } = await server.publish('big', [rows(0, 40_000)]);
    const bytes = parts[0]?.bytes ?? 0;
    server.onBlob = (_request, attempt) => (attempt <= 3 ? { cutAfter: Math.floor(bytes / 4) } : {});
    const outcome = JSON.parse((await init()).stdout);
    expect(server.blobRequests.map(({ range }) => range !== undefined)).toEqual([false, true, true, true]);
    const sent = server.blobRequests.reduce((sum, request) => sum + request.sent, 0);
    expect(sent).toBeLessThan(bytes * 1.1);
    expect(outcome.pull.files).toBe(1);
    expect(await count('big')).toBe(40_000);
  });

  test('from a server that knows no ranges starts again', async () => {
    const { parts } = await server.publish('big', [rows(0, 40_000)]);
    const bytes = parts[0]?.bytes ?? 0;
    server.onBlob = (_request, attempt) =>
      attempt === 1 ? { cutAfter: Math.floor(bytes / 2) } : { ignoreRange: true };
    await init();
    expect(await count('big')).toBe(40_000);
  });

  test('with wrong bytes is fetched once more, and then the table keeps its old version', async () => {
    await server.publish('small', [rows(0, 3)]);
    await server.publish('other', [rows(0, 3)]);
    await init();
    const { parts } = await server.publish('small', [rows(0, 4)]);
    await server.publish('other', [rows(0, 5)]);
    const bad = parts[0]?.sha256;
    server.onBlob = ({ sha256 }, attempt) => ({ corrupt: sha256 === bad && attempt <= 2 });
    const result = await user.run(['pull', '--json']);
    expect(result.code).toBe(1);
    expect(JSON.parse(result.stdout)).toMatchObject({
      tables_updated: 1,
      errors: [{ table: 'small', code: 'download_corrupt' }],
    });
    expect(result.stderr).toContain('pull_incomplete');
    expect(await count('small')).toBe(3);
    expect(await count('other')).toBe(5);
    expect(await user.json(['pull'])).toMatchObject({ tables_updated: 1, errors: [] });
    expect(await count('small')).toBe(4);
  });

  test('refused for a moment (503, 429) is tried again', async () => {
    await server.publish('small', [rows(0, 3)]);
    server.onBlob = (_request, attempt) => (attempt === 1 ? { status: 503 } : attempt === 2 ? { status: 429 } : {});
    expect((await init()).code).toBe(0);
  });

  test('left by a killed pull is taken up by the next', async () => {
    await init();
    const { parts } = await server.publish('big', [rows(0, 60_000)]);
    const bytes = parts[0]?.bytes ?? 0;
    server.onBlob = () => ({ pauseMs: 10 });
    const halfTime = (bytes / 16_384 / 2) * 12;
    await user.run(['pull'], { killAfter: 250 + halfTime });
    const first = server.blobRequests[0]?.sent ?? 0;
    server.onBlob = () => ({});
    await user.run(['pull']);
    expect(await count('big')).toBe(60_000);
    if (first > 2 ** 20) expect(server.blobRequests.at(-1)?.range).toMatch(/^bytes=\d+-$/);
  });

  test('when the server is gone says so and leaves everything', async () => {
    await server.publish('small', [rows(0, 3)]);
    await init();
    await server[Symbol.asyncDispose]();
    const result = await user.run(['pull', '--json']);
    expect(result.code).toBe(7);
    expect(JSON.parse(result.stderr)).toMatchObject({ error: { code: 'server_unreachable' } });
    expect(await count('small')).toBe(3);
  });
});

function storePath(sha256: string): string {
  return join(user.env.XDG_CACHE_HOME ?? '', 'agnes', 'store', 'sha256', sha256.slice(0, 2), sha256);
}
