import { join } from 'node:path';
import { type RunningServer, startLaptop, startServer, writeTree } from '@agnes/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createUser, type User } from './user.ts';

// The real server and the real agnes: what an operator and an analyst do on their first day, in their words.

let server: RunningServer;
let admin: User;
let analyst: User;

beforeAll(async () => {
  [server, admin, analyst] = await Promise.all([startServer(), createUser(), createUser()]);
});
afterAll(async () => {
  await Promise.all([server, admin, analyst].map((one) => one[Symbol.asyncDispose]()));
});

test('an operator registers, syncs and grants; an analyst pulls and queries; what is revoked leaves', async () => {
  await writeTree(join(server.dataDir, 'files'), {
    'airports.csv': 'iata,city\nPRG,Prague\nBRQ,Brno\n',
    'movies.csv': 'title,year\nOne,2001\n',
  });
  const login = ['auth', 'login', '--server', server.url, '--email', server.admin.email, '--password-stdin'];
  expect(await admin.json(login, { input: server.admin.password })).toMatchObject({ role: 'admin' });
  for (const name of ['airports', 'movies']) {
    const source = ['--source-type', 'local', '--source-table', `${name}.csv`];
    await admin.json(['admin', 'register-table', name, ...source]);
  }
  const synced = await admin.json<{ status: string }>(['admin', 'sync']);
  expect(synced).toMatchObject({ status: 'succeeded', outcome: { changed: 2, failed: [] } });
  expect((await admin.run(['admin', 'list-tables'])).stdout).toMatch(/airports +local +local +2 /);

  await admin.json(['admin', 'add-user', 'ann@example.com', '--password-stdin'], { input: 'a long pass phrase 1' });
  await admin.json(['admin', 'group', 'create', 'analysts']);
  await admin.json(['admin', 'group', 'add-member', 'analysts', 'ann@example.com']);
  await admin.json(['admin', 'grant', 'create', 'analysts', 'table', 'airports']);
  const movies = await admin.json<{ id: string }>(['admin', 'grant', 'create', 'analysts', 'table', 'movies']);

  const signIn = ['auth', 'login', '--server', server.url, '--email', 'ann@example.com', '--password-stdin'];
  await analyst.json(signIn, { input: 'a long pass phrase 1' });
  expect(await analyst.json(['init', '--server-url', server.url])).toMatchObject({ pull: { tables_total: 2 } });
  expect(await analyst.json(['query', 'SELECT count(*) AS n FROM airports, movies'])).toEqual([{ n: 2 }]);
  expect((await analyst.run(['catalog'])).stdout).toMatch(/airports +local +local +2 /);
  expect((await analyst.run(['schema', 'airports'])).stdout).toMatch(/iata +VARCHAR/);
  const described = await analyst.json<{ sample: { rows: unknown[] } }>(['describe', 'airports', '-n', '1']);
  expect(described.sample.rows).toEqual([{ iata: 'PRG', city: 'Prague' }]);
  expect(await analyst.json(['pull'])).toMatchObject({ tables_updated: 0, files: 0 });
  expect(await analyst.run(['admin', 'list-users'])).toMatchObject({ code: 8, stdout: '' });

  await admin.json(['admin', 'grant', 'delete', movies.id]);
  expect((await analyst.run(['pull'])).stdout).toContain('Removed: movies (no longer granted or published)');
  expect(await analyst.run(['query', 'SELECT * FROM movies'])).toMatchObject({ code: 8 });

  const token = await analyst.json<{ token: string }>(['auth', 'token', 'create', '--name', 'nightly']);
  const env = { AGNES_TOKEN: token.token, AGNES_SERVER: server.url };
  expect(await analyst.json(['auth', 'whoami'], { env })).toMatchObject({ credential: { name: 'nightly' } });
  await analyst.json(['auth', 'token', 'revoke', 'nightly']);
  expect((await analyst.run(['pull'], { env })).code).toBe(7);
  await admin.json(['admin', 'deactivate', 'ann@example.com']);
  expect((await analyst.run(['pull'])).code).toBe(7);
  expect(await analyst.json(['query', 'SELECT count(*) AS n FROM airports'])).toEqual([{ n: 2 }]);
});

test('a hint for an operator can be typed as it stands', async () => {
  const made = await admin.run(['admin', 'group', 'create', 'Sales leads']);
  expect(made.stderr).toContain('add-member "Sales leads" <email>   agnes admin grant create "Sales leads" table');
  expect((await admin.run(['admin', 'group', 'members', 'Sales leads'])).stderr).toContain('add-member "Sales leads"');
  for (const args of [
    ['admin', 'grant', 'create', 'Sales leads', 'table', 'airprots'],
    ['admin', 'unregister-table', 'airprots', '--yes'],
  ]) {
    expect(await admin.run(args)).toMatchObject({
      code: 8,
      stderr: expect.stringContaining('→ Did you mean airports? All tables: agnes admin list-tables'),
    });
  }
  const far = await admin.run(['admin', 'grant', 'create', 'Sales leads', 'table', 'zzz']);
  expect(far.stderr).toContain('→ All tables: agnes admin list-tables');
});

test('a laptop without a browser is let in from another one, is listed there, and put out again', async () => {
  await using laptop = await startLaptop();
  const login = await laptop.start(['auth', 'login', '--server', server.url]);
  let code: string | undefined;
  while (code === undefined && login.isRunning()) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    code = /with the code (\S+)/.exec(login.stderr())?.[1];
  }
  const token = await post('/auth/token', { email: server.admin.email, password: server.admin.password });
  const { access_token } = (await token.json()) as { access_token: string };
  expect((await post('/auth/device/approve', { user_code: code }, access_token)).status).toBe(204);
  expect(await login.exited).toMatchObject({ code: 0 });
  expect(login.stdout()).toContain(`Signed in to ${server.url} as ${server.admin.email}`);

  const list = async () => JSON.parse((await laptop.agnes(['auth', 'sessions', 'list', '--json'])).stdout);
  expect(await list()).toContainEqual(expect.objectContaining({ current: true, method: 'device' }));
  expect((await laptop.agnes(['auth', 'sessions', 'revoke', '--others'])).code).toBe(0);
  expect(await list()).toHaveLength(1);
  const [{ id }] = await list();
  expect((await laptop.agnes(['auth', 'sessions', 'revoke', id])).code).toBe(0);
  expect((await laptop.agnes(['auth', 'whoami'])).code).toBe(7);
});

function post(path: string, body: unknown, token?: string): Promise<Response> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const headers = { 'content-type': 'application/json', ...authorization };
  return fetch(`${server.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
}
