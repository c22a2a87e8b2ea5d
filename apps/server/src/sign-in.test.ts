import { type RunningServer, startServer } from '@agnes/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, apiOf, signIn } from './testing/api.ts';

const PASSWORD = 'a-long-pass-phrase-1';
let server: RunningServer;
let admin: Api;

beforeAll(async () => {
  // As behind a proxy on the same machine, so that requests can come from wherever a test says.
  server = await startServer({ env: { AGNES_ROLE: 'api', AGNES_TRUSTED_PROXIES: '127.0.0.0/8, ::1' } });
  admin = await signIn(server.url, server.admin.email, server.admin.password);
  await admin('createUser', { body: { email: 'ann@example.com', password: PASSWORD } });
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});

const from = (ip: string) => ({ headers: { 'x-forwarded-for': ip } });
const guess = (ip: string, email = 'ann@example.com') =>
  apiOf(server.url)('signIn', { body: { email, password: 'a wrong password' }, ...from(ip) });
const tokenOf = async (email: string, password: string): Promise<string> =>
  (await apiOf(server.url)('signIn', { body: { email, password } })).body.access_token;

test('guessing is stopped by account and address, with when to come back, also over a restart', async () => {
  for (let n = 0; n < 10; n += 1) expect((await guess('203.0.113.1')).status).toBe(401);
  const stopped = await guess('203.0.113.1');
  expect([stopped.status, stopped.body.code]).toEqual([429, 'too_many_requests']);
  const wait = Number(stopped.headers.get('retry-after'));
  expect(wait).toBeGreaterThan(0);
  expect(wait).toBeLessThanOrEqual(60);
  await server.restart();
  admin = await signIn(server.url, server.admin.email, server.admin.password);
  expect((await guess('203.0.113.1')).status).toBe(429);
  // A header that the client wrote before the proxy did is nobody's word.
  expect((await guess('198.51.100.1, 203.0.113.1')).status).toBe(429);
  expect((await guess('203.0.113.2')).status).toBe(401);
  await signIn(server.url, 'ann@example.com', PASSWORD);
});

test('without a trusted proxy nobody says where they are from', async () => {
  await using direct = await startServer({ env: { AGNES_ROLE: 'api' } });
  const { status } = await apiOf(direct.url)('signIn', {
    body: { email: direct.admin.email, password: direct.admin.password },
    ...from('203.0.113.9'),
  });
  expect(status).toBe(200);
  const me = await signIn(direct.url, direct.admin.email, direct.admin.password);
  const { body } = await me('listSessions');
  expect(body.map(({ created_ip }: { created_ip: string }) => created_ip)).toEqual(['127.0.0.1', '127.0.0.1']);
});

describe('sessions', () => {
  test('are listed with their address, and ended by their person and by an administrator, at the next request', async () => {
    const { body: signedIn } = await apiOf(server.url)('signIn', {
      body: { email: 'ann@example.com', password: PASSWORD },
      ...from('203.0.113.50'),
    });
    const ann = apiOf(server.url, signedIn.access_token);
    const other = await signIn(server.url, 'ann@example.com', PASSWORD);
    const { body } = await ann('listSessions');
    const mine = body.find(({ current }: { current: boolean }) => current);
    expect(mine).toMatchObject({ method: 'password', created_ip: '203.0.113.50' });
    expect((await admin('endSession', { params: { id: mine.id } })).body.code).toBe('session_not_found');
    expect((await ann('endOtherSessions')).status).toBe(200);
    expect((await other('me')).body.code).toBe('invalid_credentials');
    expect((await admin('endUserSessions', { params: { id: 'ann@example.com' } })).body).toEqual({ ended: 1 });
    expect((await ann('me')).status).toBe(401);
    expect((await ann('listUserSessions', { params: { id: 'ann@example.com' } })).status).toBe(401);
  });

  test('work in a cookie, which changes nothing without proof of its page', async () => {
    const cookie = { cookie: `agnes_session=${await tokenOf('ann@example.com', PASSWORD)}` };
    const browser = apiOf(server.url);
    expect((await browser('me', { headers: cookie })).body).toMatchObject({ email: 'ann@example.com' });
    const body = { name: 'from a page' };
    for (const proof of [{}, { 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example.com' }]) {
      const { status, body: problem } = await browser('createToken', { body, headers: { ...cookie, ...proof } });
      expect([status, problem.code]).toEqual([403, 'csrf_refused']);
    }
    const proven = { ...cookie, 'sec-fetch-site': 'same-origin' };
    const made = await browser('createToken', { body, headers: proven });
    expect(made.status).toBe(201);
    const token = { cookie: `agnes_session=${made.body.token}` };
    expect((await browser('me', { headers: token })).status).toBe(401);
    const gone = await browser('signOut', { headers: proven });
    expect([gone.status, gone.headers.get('set-cookie')]).toEqual([
      204,
      'agnes_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax',
    ]);
    expect((await browser('me', { headers: cookie })).status).toBe(401);
  });
});

test('a narrow token does what its scope says, for its owner only, and nothing else', async () => {
  const { body: pull } = await admin('createToken', { body: { name: 'cron', scope: 'pull', ttl_seconds: 600 } });
  const { body: query } = await admin('createToken', { body: { name: 'notebook', scope: 'query' } });
  expect([pull.scope, query.scope]).toEqual(['pull', 'query']);
  const answers = async (token: string) => {
    const api = apiOf(server.url, token);
    const statuses: Record<string, string> = {};
    for (const id of ['me', 'catalog', 'syncManifest', 'listUsers', 'listTokens', 'listSessions'] as const) {
      const { status, body } = await api(id);
      statuses[id] = status === 200 ? 'ok' : body.code;
    }
    return statuses;
  };
  const refused = { listUsers: 'scope_refused', listTokens: 'scope_refused', listSessions: 'session_required' };
  expect(await answers(pull.token)).toEqual({ me: 'ok', catalog: 'ok', syncManifest: 'ok', ...refused });
  expect(await answers(query.token)).toEqual({ me: 'ok', catalog: 'ok', syncManifest: 'scope_refused', ...refused });
  const unknown = await admin('createToken', { body: { name: 'x', scope: 'everything' } });
  expect(unknown.status).toBe(422);
  expect(JSON.stringify(unknown.body)).toContain('general, pull, query, read, bootstrap-analyst');
});

test('a device is let in from a session, with a typed error for each state before', async () => {
  const device = apiOf(server.url);
  const [{ body: waiting }, { body: login }] = [
    await device('startDeviceLogin', { body: {} }),
    await device('startDeviceLogin', { body: {} }),
  ];
  const ask = (device_code: string) => device('deviceToken', { body: { device_code } });
  const first = await ask(waiting.device_code);
  expect([first.status, first.body.code]).toEqual([400, 'authorization_pending']);
  const hasty = await ask(waiting.device_code);
  expect([hasty.status, hasty.body.code, hasty.headers.get('retry-after')]).toEqual([429, 'slow_down', '5']);
  const code = { body: { user_code: login.user_code } };
  expect((await device('approveDeviceLogin', code)).status).toBe(401);
  expect((await admin('approveDeviceLogin', code)).status).toBe(204);
  const { body } = await ask(login.device_code);
  expect((await apiOf(server.url, body.access_token)('me')).body).toMatchObject({
    email: server.admin.email,
    credential: { kind: 'session', method: 'device' },
  });
});

describe('local development mode', () => {
  test('needs no credentials on this machine, says so loudly, and lets nobody else in', async () => {
    await using local = await startServer({ env: { AGNES_ROLE: 'api', LOCAL_DEV_MODE: '1' } });
    const anybody = apiOf(local.url);
    expect((await anybody('me')).body).toMatchObject({ email: 'dev@localhost', is_admin: true });
    expect((await anybody('me', from('203.0.113.9'))).body.code).toBe('unauthenticated');
    const evil = { origin: 'https://evil.example.com' };
    expect((await anybody('createGroup', { body: { name: 'x' }, headers: evil })).body.code).toBe('csrf_refused');
    expect((await anybody('createGroup', { body: { name: 'x' } })).status).toBe(201);
    expect(local.log()).toContain('LOCAL DEVELOPMENT MODE');
    await local.restart({ LOCAL_DEV_MODE: '0' });
    expect((await anybody('me')).body.code).toBe('unauthenticated');
  });

  test('does not start where others could reach the server', async () => {
    const env = { AGNES_ROLE: 'api', LOCAL_DEV_MODE: '1', HOST: '0.0.0.0' };
    await expect(startServer({ env })).rejects.toThrow('LOCAL_DEV_MODE lets anybody in');
  });
});
