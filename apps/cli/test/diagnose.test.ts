import { chmod, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { eachWithServerAndUser, server, user } from './set-up.ts';
import { authorityPem, startTlsServer } from './tls.ts';

eachWithServerAndUser();

interface Found {
  readonly code: number | null;
  readonly overall: string;
  readonly actions: readonly string[];
  /** Names of checks by status. */
  readonly status: Readonly<Record<string, string>>;
  readonly messages: Readonly<Record<string, string>>;
}

async function diagnose(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Found> {
  const { code, stdout } = await user.run(['diagnose', '--json', ...args], { env });
  const { overall, checks, suggested_actions } = JSON.parse(stdout) as {
    overall: string;
    checks: { name: string; status: string; message: string }[];
    suggested_actions: string[];
  };
  return {
    code,
    overall,
    actions: suggested_actions,
    status: Object.fromEntries(checks.map(({ name, status }) => [name, status])),
    messages: Object.fromEntries(checks.map(({ name, message }) => [name, message])),
  };
}

const signedIn = () => ({ AGNES_SERVER: server.url, AGNES_TOKEN: server.token });

async function listening(answer: Server): Promise<string> {
  await new Promise<void>((resolve) => answer.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(answer.address() as AddressInfo).port}`;
}

describe('the way to the server', () => {
  test.each([
    ['http://agnes.invalid', 'name', { connection: 'skipped', http: 'skipped' }],
    ['http://127.0.0.1:9', 'connection', { name: 'ok', http: 'skipped' }],
  ])('%s ends at its %s', async (url, layer, others) => {
    const found = await diagnose(['--server', url]);
    expect(found).toMatchObject({
      code: 1,
      overall: 'broken',
      status: { ...others, [layer]: 'error', clock: 'skipped' },
    });
    expect(found.messages[layer]).toContain(url);
  });

  test('ends at TLS when the authority is unknown, and NODE_EXTRA_CA_CERTS mends it, for every command', async () => {
    await using tls = await startTlsServer((request, response) => {
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(request.headers)) if (typeof value === 'string') headers[name] = value;
      fetch(`${server.url}${request.url}`, { headers }).then(
        async (answer) => {
          response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
        },
        (error: Error) => response.destroy(error),
      );
    });
    const env = { AGNES_SERVER: tls.url, AGNES_TOKEN: server.token };
    const without = await diagnose([], env);
    expect(without).toMatchObject({ code: 1, status: { connection: 'ok', tls: 'error', http: 'skipped' } });
    expect(without.actions.join('\n')).toContain('NODE_EXTRA_CA_CERTS=<file>');
    const refused = await user.run(['auth', 'whoami'], { env });
    expect(refused).toMatchObject({ code: 7, stderr: expect.stringContaining('(server_unreachable)') });
    expect(refused.stderr).toContain('NODE_EXTRA_CA_CERTS=<file>');

    const authority = join(user.folder, 'authority.pem');
    await writeFile(authority, authorityPem);
    const trusting = { ...env, NODE_EXTRA_CA_CERTS: authority };
    expect(await diagnose([], trusting)).toMatchObject({ code: 0, status: { tls: 'ok', http: 'ok', token: 'ok' } });
    expect(await user.run(['auth', 'whoami'], { env: trusting })).toMatchObject({ code: 0 });
  });

  test('ends at HTTP when something else answers, or nothing is said', async () => {
    const page = createServer((_request, response) => response.end('<html>'));
    const closing = createTcpServer((socket) => socket.destroy());
    const pageUrl = await listening(page);
    expect(await diagnose(['--server', pageUrl])).toMatchObject({
      code: 1,
      status: { connection: 'ok', http: 'error' },
    });
    await new Promise<void>((resolve) => closing.listen(0, '127.0.0.1', resolve));
    const port = (closing.address() as AddressInfo).port;
    expect(await diagnose(['--server', `http://127.0.0.1:${port}`])).toMatchObject({
      status: { connection: 'ok', http: 'error' },
    });
    page.close();
    closing.close();
  });

  test('tells a clock that is wrong', async () => {
    const version = { version: '1', channel: '', image_tag: '', commit_sha: '', schema_version: '', deployed_at: '' };
    const behind = createServer((_request, response) => {
      response.sendDate = false;
      const date = new Date(Date.now() - 600_000).toUTCString();
      response.writeHead(200, { 'content-type': 'application/json', date }).end(JSON.stringify(version));
    });
    const found = await diagnose(['--server', await listening(behind)]);
    behind.close();
    expect(found.status.clock).toBe('warning');
    expect(found.messages.clock).toMatch(/^This computer is (599|600|601) s ahead of the server\.$/);
  });
});

describe('the token', () => {
  const me = (expires_at: string | null, kind = 'personal') => ({
    user_id: 'u1',
    email: 'ann@example.com',
    name: null,
    role: 'user',
    is_admin: false,
    groups: [],
    credential: { kind, id: 't1', name: 'test', scope: 'general', expires_at },
  });
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

  test('is valid, ends soon, is wrong or is not there', async () => {
    expect(await diagnose([], signedIn())).toMatchObject({
      code: 0,
      overall: 'healthy',
      status: { token: 'ok' },
      actions: [],
    });
    server.answers.set('GET /api/me', [me(inDays(3))]);
    const soon = await diagnose([], signedIn());
    expect(soon).toMatchObject({ code: 0, overall: 'degraded', status: { token: 'warning' } });
    expect(soon.actions[0]).toContain('agnes auth token create');
    server.answers.set('GET /api/me', [me(inDays(0.5), 'session')]);
    expect((await diagnose([], signedIn())).status.token).toBe('ok');
    server.answers.delete('GET /api/me');
    const wrong = await diagnose([], { ...signedIn(), AGNES_TOKEN: 'agnes_pat_wrong' });
    expect(wrong).toMatchObject({ code: 1, overall: 'broken', status: { http: 'ok', token: 'error' } });
    const none = await diagnose(['--server', server.url]);
    expect(none).toMatchObject({ code: 1, status: { token: 'error' } });
    expect(none.actions[0]).toContain('agnes auth login');
  });
});

describe('the laptop', () => {
  test('without a server, for people: marks, next steps, and an exit code', async () => {
    const { code, stdout, stderr } = await user.run(['diagnose']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ server +No server is known on this computer\.\n +→ agnes auth login --server/);
    expect(stdout).toMatch(/^✓ store/m);
    expect(stdout).toMatch(/^- workspace/m);
    expect(stderr).toContain('1 check failed: server. (diagnose_failed)');
  });

  test('has a workspace that is sound, or says what is missing and what mends it', async () => {
    await server.publish('t', ['SELECT 1 AS one', 'SELECT 2 AS one']);
    await user.run(['init', '--server-url', server.url, '--token', server.token]);
    const sound = { workspace: 'ok', database: 'ok', files: 'ok', 'workspace disk': 'ok' };
    expect(await diagnose(['--verify'])).toMatchObject({ code: 0, overall: 'healthy', status: sound });

    const store = join(user.env.XDG_CACHE_HOME ?? '', 'agnes', 'store', 'sha256');
    const files = (await readdir(store, { recursive: true }))
      .map((name) => join(store, name))
      .filter((path) => path.length > store.length + 10);
    const [file = ''] = files;
    const size = (await user.json<{ bytes: number }>(['status'])).bytes / 2;
    await chmod(file, 0o644);
    await writeFile(file, Buffer.alloc(size));
    expect((await diagnose()).status.files).toBe('ok');
    const changed = await diagnose(['--verify']);
    expect(changed).toMatchObject({ code: 1, status: { files: 'error' } });
    expect(changed.messages.files).toContain(file);
    await rm(file);
    expect(await diagnose()).toMatchObject({ code: 1, status: { files: 'error' }, actions: ['agnes pull'] });
    expect((await user.run(['pull'])).code).toBe(0);
    expect((await diagnose(['--verify'])).overall).toBe('healthy');

    await truncate(join(user.folder, 'user', 'duckdb', 'analytics.duckdb'), 100);
    expect(await diagnose()).toMatchObject({ code: 1, status: { database: 'error', files: 'ok' } });
    await rm(join(user.folder, 'user', 'duckdb', 'analytics.duckdb'));
    expect(await diagnose()).toMatchObject({ code: 1, status: { database: 'error' }, actions: ['agnes pull'] });
    await writeFile(join(user.folder, '.agnes', 'state.json'), '{');
    expect(await diagnose()).toMatchObject({ code: 1, status: { workspace: 'error' }, actions: ['agnes pull'] });
    expect((await user.run(['pull'])).code).toBe(0);
    expect((await diagnose(['--verify'])).overall).toBe('healthy');
    await writeFile(join(user.folder, '.agnes', 'workspace.json'), '{');
    const damaged = await diagnose([], signedIn());
    expect(damaged).toMatchObject({ code: 1, status: { workspace: 'error' } });
  });
});
