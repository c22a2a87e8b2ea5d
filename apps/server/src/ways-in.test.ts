import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  freePort,
  type GoogleWorkspace,
  type HostileOidcProvider,
  type OidcProviderProcess,
  type RunningServer,
  type SmtpServer,
  startGoogleWorkspace,
  startHostileOidcProvider,
  startOidcProvider,
  startServer,
  startSmtpServer,
  type TemporaryFolder,
  temporaryFolder,
} from '@agnes/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Api, apiOf, signIn } from './testing/api.ts';

const PASSWORD = 'four unrelated short words';
const SECRET = 'a-secret-for-tests-only';

let folder: TemporaryFolder;
let smtp: SmtpServer;
let provider: OidcProviderProcess;
let googlePage: HostileOidcProvider;
let workspace: GoogleWorkspace;
let server: RunningServer;
let admin: Api;
/** Every token that was sent or shown; none may be in the server's log. */
const seen: string[] = [SECRET];

beforeAll(async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  folder = await temporaryFolder('agnes-ways-in-');
  [smtp, googlePage, workspace, provider] = await Promise.all([
    startSmtpServer(),
    startHostileOidcProvider(),
    startGoogleWorkspace(),
    startOidcProvider({
      redirectUri: `${url}/auth/oidc/oidc/callback`,
      people: { ana: { email: 'ana@example.com', email_verified: true, name: 'Ana' } },
    }),
  ]);
  workspace.groups.set('gus@example.com', ['agnes-a@example.com']);
  const keyFile = join(folder.path, 'key.json');
  await writeFile(keyFile, JSON.stringify(workspace.key));
  server = await startServer({
    env: {
      AGNES_ROLE: 'api',
      PORT: String(port),
      SERVER_URL: url,
      SMTP_HOST: '127.0.0.1',
      SMTP_PORT: String(smtp.port),
      SMTP_FROM: 'agnes@example.com',
      SMTP_USE_TLS: 'false',
      AGNES_ALLOWED_DOMAINS: 'example.com',
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_ID: provider.clientId,
      OIDC_CLIENT_SECRET: provider.clientSecret,
      OIDC_AUTO_CREATE: 'true',
      OIDC_LABEL: 'Example SSO',
      GOOGLE_CLIENT_ID: googlePage.clientId,
      GOOGLE_CLIENT_SECRET: googlePage.clientSecret,
      GOOGLE_ISSUER: googlePage.issuer,
      GOOGLE_ADMIN_SDK_SUBJECT: workspace.subject,
      GOOGLE_ADMIN_SDK_KEY_FILE: keyFile,
      GOOGLE_TOKEN_URL: workspace.tokenUrl,
      GOOGLE_DIRECTORY_URL: workspace.url,
      AGNES_GOOGLE_GROUP_PREFIX: 'agnes-',
      AGNES_GROUP_ADMIN_EMAIL: 'agnes-admins@example.com',
    },
  });
  admin = await signIn(server.url, server.admin.email, server.admin.password);
});
afterAll(async () => {
  for (const part of [server, smtp, provider, googlePage, workspace, folder]) await part?.[Symbol.asyncDispose]();
});

const tokenIn = (url: string): string => {
  const token = new URL(url).searchParams.get('token') ?? '';
  seen.push(token);
  return token;
};

/** A request as a browser makes it: redirects are looked at, cookies are sent by hand. */
const browse = (path: string, cookie = '') =>
  fetch(new URL(path, server.url), { redirect: 'manual', headers: { cookie } });
const cookiesOf = (response: Response): string[] => response.headers.getSetCookie();
const pair = (cookie = ''): string => cookie.split(';')[0] ?? '';

test('says how people can sign in', async () => {
  const { body } = await apiOf(server.url)('waysIn');
  expect(body).toEqual({
    password: true,
    mail: true,
    providers: [
      { id: 'oidc', label: 'Example SSO', login_path: '/auth/oidc/oidc/login' },
      { id: 'google', label: 'Google', login_path: '/auth/google/login' },
    ],
  });
});

test('an invitation is mailed and handed over; opening its address spends nothing, setting the password does', async () => {
  const invited = await admin('createUser', { body: { email: 'ivy@example.com', send_invite: true } });
  expect(invited).toMatchObject({ status: 201, body: { invite_email_sent: true, has_password: false } });
  const { invite_url: url } = invited.body;
  const mail = (await smtp.waitFor(1)).at(-1);
  expect(mail).toMatchObject({ to: ['ivy@example.com'], mail: { subject: 'Your account at Agnes' } });
  expect(mail?.mail.text).toContain(url);
  // What a mail scanner does.
  for (let n = 0; n < 3; n += 1) await fetch(url);
  const token = tokenIn(url);
  const weak = await apiOf(server.url)('setUpPassword', { body: { token, password: 'short' } });
  expect(weak.body.code).toBe('weak_password');
  const set = await apiOf(server.url)('setUpPassword', { body: { token, password: PASSWORD, name: 'Ivy' } });
  expect(set.body).toMatchObject({ email: 'ivy@example.com', token_type: 'bearer' });
  const me = await apiOf(server.url, set.body.access_token)('me');
  expect(me.body).toMatchObject({ name: 'Ivy', credential: { method: 'invite' } });
  expect((await apiOf(server.url)('confirmPasswordSetUp', { body: { token, password: PASSWORD } })).status).toBe(401);
  expect((await admin('inviteUser', { params: { id: 'ivy@example.com' } })).body.code).toBe('user_exists');
});

test('a sign-in link and a reset work from their mails alone', async () => {
  const api = apiOf(server.url);
  const before = (await smtp.received()).length;
  const known = await api('sendMagicLink', { body: { email: 'IVY@example.com' } });
  const unknown = await api('sendMagicLink', { body: { email: 'nobody@example.com' } });
  expect(known.bytes.equals(unknown.bytes)).toBe(true);
  const link = (await smtp.waitFor(before + 1)).at(-1)?.mail.text ?? '';
  const token = tokenIn(/http\S+/.exec(link)?.[0] ?? '');
  const signedIn = await api('verifyMagicLink', { body: { token, email: 'Ivy@Example.com' } });
  expect(signedIn).toMatchObject({ status: 200, body: { email: 'ivy@example.com', role: 'user' } });
  expect((await api('verifyMagicLink', { body: { token } })).body.code).toBe('invalid_credentials');

  await api('requestPasswordReset', { body: { email: 'ivy@example.com' } });
  const reset = (await smtp.waitFor(before + 2)).at(-1)?.mail.text ?? '';
  const resetToken = tokenIn(/http\S+/.exec(reset)?.[0] ?? '');
  const done = await api('confirmPasswordReset', { body: { token: resetToken, password: `${PASSWORD} again` } });
  expect(done.status).toBe(200);
  // The session of the link ended with the old password.
  expect((await apiOf(server.url, signedIn.body.access_token)('me')).status).toBe(401);
  const byAdmin = await admin('resetUserPassword', { params: { id: 'ivy@example.com' } });
  expect(byAdmin.body).toMatchObject({ email_sent: true });
  tokenIn(byAdmin.body.reset_url);
  expect((await api('requestPasswordSetUp', { body: { email: 'ivy@example.com' } })).status).toBe(200);
});

test('a browser signs in at the provider and comes back with a session, to where it wanted to go', async () => {
  const login = await browse('/auth/oidc/oidc/login?next=/catalog%3Fq%3D1');
  expect(login.status).toBe(302);
  const [oidcCookie] = cookiesOf(login);
  expect(oidcCookie).toMatch(/^agnes_oidc=.{43}; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/);
  const back = await provider.signIn(login.headers.get('location') ?? '', 'ana');

  const elsewhere = await browse(back.href);
  expect([elsewhere.status, elsewhere.headers.get('location')]).toEqual([302, '/login?error=expired']);
  expect(cookiesOf(elsewhere)).toEqual([]);

  const done = await browse(back.href, pair(oidcCookie));
  expect([done.status, done.headers.get('location')]).toEqual([302, '/catalog?q=1']);
  const [cleared, session] = cookiesOf(done);
  expect(cleared).toMatch(/^agnes_oidc=; Max-Age=0/);
  expect(session).toMatch(/^agnes_session=agnes_ses_\w+; .*HttpOnly; .*SameSite=Lax/);
  seen.push(pair(session).slice('agnes_session='.length));
  const me = (await (await browse('/api/me', pair(session))).json()) as object;
  expect(me).toMatchObject({ email: 'ana@example.com', name: 'Ana', credential: { method: 'oidc:oidc' } });
  expect((await browse(back.href, pair(oidcCookie))).headers.get('location')).toBe('/login?error=expired');

  // Signing in again gives the browser another session, and ends the one whose cookie is written over.
  const again = await browse('/auth/oidc/oidc/login');
  const backAgain = await provider.signIn(again.headers.get('location') ?? '', 'ana');
  const both = `${pair(session)}; ${pair(cookiesOf(again)[0])}`;
  const [, newer] = cookiesOf(await browse(backAgain.href, both));
  expect([(await browse('/api/me', pair(session))).status, (await browse('/api/me', pair(newer))).status]).toEqual([
    401, 200,
  ]);
});

test.each(['//evil.example', '/\\evil.example', 'https://evil.example', '/%2F%2Fevil.example/..//evil.example'])(
  'next=%s leads nowhere else',
  async (next) => {
    const login = await browse(`/auth/oidc/oidc/login?${new URLSearchParams({ next })}`);
    const back = await provider.signIn(login.headers.get('location') ?? '', 'ana');
    expect((await browse(back.href, pair(cookiesOf(login)[0]))).headers.get('location')).toBe('/');
  },
);

test('a provider that is not configured is not there, and a refusal is worded on the sign-in page', async () => {
  expect((await browse('/auth/oidc/none/login')).status).toBe(404);
  const login = await browse('/auth/oidc/oidc/login');
  const back = await provider.cancel(login.headers.get('location') ?? '');
  const refused = await browse(back.href, pair(cookiesOf(login)[0]));
  expect(refused.headers.get('location')).toBe('/login?error=cancelled');
});

test('who leaves a group at Google loses it without signing in, and a group of Google says so', async () => {
  googlePage.lie = { claims: { email: 'gus@example.com', hd: 'example.com' } };
  const login = await browse('/auth/google/login');
  const back = googlePage.authorize(login.headers.get('location') ?? '');
  const done = await browse(back.href, pair(cookiesOf(login)[0]));
  expect(done.headers.get('location')).toBe('/');
  const gus = { params: { id: 'gus@example.com' } };
  expect((await admin('getUser', gus)).body).toMatchObject({
    is_sso_user: true,
    groups: expect.arrayContaining([expect.objectContaining({ name: 'agnes-a@example.com', origin: 'google_sync' })]),
  });
  expect((await admin('resetUserPassword', gus)).body.code).toBe('sso_account');
  workspace.groups.set('gus@example.com', ['agnes-b@example.com']);
  // The look at everybody is done at each start, and then at its interval.
  await server.restart();
  admin = await signIn(server.url, server.admin.email, server.admin.password);
  const names = async (): Promise<string[]> =>
    (await admin('getUser', gus)).body.groups.map(({ name }: { name: string }) => name).sort();
  await expect.poll(names, { timeout: 30_000 }).toEqual(['Everyone', 'agnes-b@example.com']);
});

test('who administers is changed at Google when a group there stands behind Admin', async () => {
  const group = { params: { id: 'Admin' } };
  expect((await admin('getGroup', group)).body).toMatchObject({
    ...{ is_google_managed: true, mapped_email: 'agnes-admins@example.com' },
  });
  const added = await admin('addMember', { ...group, body: { email: 'gus@example.com' } });
  expect(added.body).toMatchObject({ status: 409, code: 'google_managed_readonly' });
});

test('a mail that cannot be sent is counted, logged without its address, and told to administrators', async () => {
  const mail = async () => (await admin('healthDetailed')).body.services.mail;
  await admin('resetUserPassword', { params: { id: 'ivy@example.com' } });
  expect(await mail()).toEqual({ status: 'ok', sent: 1, failed: 0, last_failed: false });
  await smtp[Symbol.asyncDispose]();
  const reset = await admin('resetUserPassword', { params: { id: 'ivy@example.com' } });
  expect(reset.body.email_sent).toBe(false);
  tokenIn(reset.body.reset_url);
  expect(await mail()).toMatchObject({ status: 'warning', sent: 1, failed: 1 });
  expect(server.log()).toContain('A mail was not sent: ESOCKET');
});

test('the log has none of the secrets, and no address of anybody', () => {
  const log = server.log();
  expect(seen.length).toBeGreaterThan(5);
  for (const secret of seen) expect(log).not.toContain(secret);
  expect(log).not.toMatch(/(?:ivy|ana|gus|nobody)@example\.com/i);
  process.stdout.write(`ways in: ${seen.length} tokens and secrets, 0 in the server's log\n`);
});
