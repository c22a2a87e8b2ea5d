import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { OidcProviderSettings } from '@agnes/config';
import { schema } from '@agnes/state';
import {
  freePort,
  type HostileOidcProvider,
  type Lie,
  type OidcProviderProcess,
  selfSignedCertificate,
  startHostileOidcProvider,
  startOidcProvider,
} from '@agnes/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Auth } from './index.ts';
import { MOST_OIDC_LOGINS } from './oidc/login-rows.ts';
import { wordsOfRefusal } from './oidc/refusal.ts';
import { ADMIN, type Fixture, openFixture, PASSWORD, PEER, SERVER_URL } from './testing/fixture.ts';
import { reasonOf, refused } from './testing/refusals.ts';
import { oidcSettings } from './testing/sign-in-settings.ts';

const CALLBACK = `${SERVER_URL}/auth/oidc/corp/callback`;

let fixture: Fixture;
let provider: OidcProviderProcess;
let hostile: HostileOidcProvider;
let auth: Auth;
let adminId: string;

beforeAll(async () => {
  fixture = await openFixture();
  [provider, hostile] = await Promise.all([
    startOidcProvider({
      redirectUri: CALLBACK,
      people: {
        ana: { email: 'Ana@Example.com', email_verified: true, name: 'Ana', groups: ['Sales', 'admin', 'unknown'] },
        'second-ana': { email: 'ana@example.com', email_verified: true },
        unverified: { email: 'bob@example.com', email_verified: false },
        foreign: { email: 'eve@evil-example.com', email_verified: true },
        subdomain: { email: 'eve@example.com.evil.example', email_verified: true },
        nobody: { name: 'No Mail' },
      },
    }),
    startHostileOidcProvider(),
  ]);
});
afterAll(async () => {
  await Promise.all([provider[Symbol.asyncDispose](), hostile[Symbol.asyncDispose]()]);
  await fixture[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await fixture.reset();
  hostile.lie = {};
  use(oidcSettings(provider));
  await auth.seedAdmin({ email: ADMIN, password: PASSWORD });
  adminId = (await auth.getUser(ADMIN)).id;
});

function use(...oidc: OidcProviderSettings[]): void {
  auth = fixture.auth({ signIn: { mail: undefined, oidc, googleGroups: undefined } });
}

const start = (next?: string) => auth.startOidc('corp', { next }, PEER);

/** Signs in at the real provider, through its own form. */
async function signIn(login: string, next?: string) {
  const { url, browserCookie } = await start(next);
  return auth.finishOidc('corp', await provider.signIn(url, login), browserCookie, PEER);
}

/** Signs in at the hostile one. */
async function lied(lie: Lie) {
  hostile.lie = lie;
  const { url, browserCookie } = await start();
  return auth.finishOidc('corp', hostile.authorize(url), browserCookie, PEER);
}

const groupNames = async (user: string): Promise<string[]> =>
  (await fixture.access.groupsOf((await auth.getUser(user)).id)).map(({ name }) => name).sort();

describe('signing in at a provider', () => {
  test('makes an account the first time, and finds it by the subject from then on', async () => {
    const first = await signIn('ana', '/catalog?q=1');
    expect(first.user).toMatchObject({ email: 'ana@example.com', name: 'Ana', password_hash: null });
    expect(first).toMatchObject({ next: '/catalog?q=1', isAdmin: false });
    const headers = new Headers({ authorization: `Bearer ${first.session.token}` });
    expect((await auth.authenticate(headers, PEER))?.credential.method).toBe('oidc:corp');
    const again = await signIn('ana');
    expect(again.user.id).toBe(first.user.id);
    expect(await fixture.state.db.select().from(schema.userIdentities)).toMatchObject([
      { provider: 'corp', subject: 'ana', email: 'ana@example.com' },
    ]);
    expect(await fixture.audited()).toEqual(expect.arrayContaining(['user.create ok', 'user.link_identity ok']));
  });

  test('asks with PKCE, nonce and state, and keeps none of them in clear', async () => {
    const { url, browserCookie } = await start();
    const asked = Object.fromEntries(new URL(url).searchParams);
    expect(asked).toMatchObject({ response_type: 'code', code_challenge_method: 'S256', redirect_uri: CALLBACK });
    expect(asked.nonce).toMatch(/.{40,}/);
    const [row] = await fixture.state.db.select().from(schema.oidcLogins);
    expect(JSON.stringify(row)).not.toContain(asked.state);
    expect(JSON.stringify(row)).not.toContain(browserCookie);
  });

  test('takes the account that has the verified address, and no other person of that address later', async () => {
    const { id } = await auth.createUser({ email: 'ana@example.com', password: PASSWORD }, adminId);
    expect((await signIn('ana')).user.id).toBe(id);
    expect(await reasonOf(signIn('second-ana'))).toBe('other_identity');
  });

  test('takes back the links of an account without a password: the provider answers for it from now on', async () => {
    await auth.createUser({ email: 'ana@example.com' }, adminId);
    const { url } = await auth.inviteUser('ana@example.com', adminId);
    const token = new URL(url).searchParams.get('token') ?? '';
    await signIn('ana');
    await refused('invalid_credentials', auth.setPasswordByToken({ token, password: PASSWORD }, PEER));
  });

  test('two windows of one browser do not disturb each other', async () => {
    const one = await start('/one');
    const two = await auth.startOidc('corp', { next: '/two', browser: one.browserCookie }, PEER);
    expect(two.browserCookie).toBe(one.browserCookie);
    const [backOne, backTwo] = [await provider.signIn(one.url, 'ana'), await provider.signIn(two.url, 'ana')];
    expect((await auth.finishOidc('corp', backTwo, one.browserCookie, PEER)).next).toBe('/two');
    expect((await auth.finishOidc('corp', backOne, one.browserCookie, PEER)).next).toBe('/one');
  });

  test('reads address and flag from the user info where the ID token lacks one, but never one of each', async () => {
    use(oidcSettings(hostile));
    const verified = { email: 'ana@example.com', email_verified: true };
    expect(
      (await lied({ claims: { email: undefined, email_verified: undefined }, userInfo: verified })).user.email,
    ).toBe('ana@example.com');
    const other = { sub: 'subject-1', email: 'bob@example.com', email_verified: false };
    expect(await reasonOf(lied({ claims: { email_verified: undefined }, userInfo: other }))).toBe('email_not_verified');
    // A flag of the token is for the address of the token.
    const flagOnly = { email: undefined, email_verified: true };
    expect(await reasonOf(lied({ claims: flagOnly, userInfo: { ...other, email: 'root@example.com' } }))).toBe(
      'email_not_verified',
    );
  });

  test('that nobody finishes leaves a bounded number of rows, and the newest go on', async () => {
    const { state } = fixture;
    const row = (n: number) => ({
      state_hash: `begun-${n}`,
      provider: 'corp',
      browser_hash: '',
      nonce: '',
      code_verifier: '',
      next_path: '/',
      expires_at: new Date(fixture.now.getTime() + n),
    });
    await state.write((tx) =>
      tx.insert(schema.oidcLogins).values(Array.from({ length: MOST_OIDC_LOGINS }, (_, n) => row(n + 1))),
    );
    const { url, browserCookie } = await start();
    const rows = await state.db.select({ id: schema.oidcLogins.state_hash }).from(schema.oidcLogins);
    expect(rows.length).toBeLessThanOrEqual(MOST_OIDC_LOGINS);
    const left = new Set(rows.map(({ id }) => id));
    expect([left.has('begun-1'), left.has(`begun-${MOST_OIDC_LOGINS}`)]).toEqual([false, true]);
    await auth.finishOidc('corp', await provider.signIn(url, 'ana'), browserCookie, PEER);
  });

  test('that is cancelled there says so', async () => {
    const { url, browserCookie } = await start();
    expect(await reasonOf(auth.finishOidc('corp', await provider.cancel(url), browserCookie, PEER))).toBe('cancelled');
  });

  test.each([
    ['unverified', 'email_not_verified'],
    ['foreign', 'domain_not_allowed'],
    ['subdomain', 'domain_not_allowed'],
    ['nobody', 'no_email'],
  ])('does not let in %s: %s', async (login, reason) => {
    expect(await reasonOf(signIn(login))).toBe(reason);
    expect(await auth.listUsers()).toHaveLength(1);
    expect(await fixture.audited()).toContain(`auth.sign_in ${reason}`);
  });

  test('notes whom it does not let in where refusals are kept from filling the audit log', async () => {
    const noted: string[] = [];
    auth = fixture.auth({
      signIn: { mail: undefined, oidc: [oidcSettings(provider)], googleGroups: undefined },
      noteRefusal: async ({ action, result, ip }) => void noted.push(`${action} ${result} ${ip}`),
    });
    expect(await reasonOf(signIn('foreign'))).toBe('domain_not_allowed');
    expect(noted).toEqual([`auth.sign_in domain_not_allowed ${PEER.ip}`]);
    expect(await fixture.audited()).not.toContain('auth.sign_in domain_not_allowed');
  });

  test('makes no account where it is not to, and none for one that is deactivated', async () => {
    use(oidcSettings(provider, { autoCreate: false }));
    expect(await reasonOf(signIn('ana'))).toBe('no_account');
    await auth.createUser({ email: 'ana@example.com' }, adminId);
    await signIn('ana');
    await auth.updateUser('ana@example.com', { active: false }, adminId);
    expect(await reasonOf(signIn('ana'))).toBe('deactivated');
  });

  test('is over with the account: who is made anew is somebody else', async () => {
    const { user } = await signIn('ana');
    await auth.deleteUser(user.id, adminId);
    expect((await signIn('ana')).user.id).not.toBe(user.id);
  });
});

describe('groups of a claim', () => {
  test('are memberships by name, but never in a system group by chance, and others keep theirs', async () => {
    use(oidcSettings(provider, { groupsClaim: 'groups' }));
    await fixture.access.createGroup({ name: 'sales' }, adminId);
    await fixture.access.createGroup({ name: 'By Hand' }, adminId);
    await auth.createUser({ email: 'ana@example.com' }, adminId);
    await fixture.access.addMember('By Hand', 'ana@example.com', 'admin', adminId);
    await signIn('ana');
    expect(await groupNames('ana@example.com')).toEqual(['By Hand', 'Everyone', 'sales']);
  });

  test('follow the mapping, into Admin too, and are replaced at each sign-in', async () => {
    const mapping = { admin: 'Admin', Sales: 'Verkauf' };
    use(oidcSettings(hostile, { groupsClaim: 'groups', groupMapping: mapping }));
    await fixture.access.createGroup({ name: 'Verkauf' }, adminId);
    expect((await lied({ claims: { groups: ['admin', 'Sales', 'constructor'] } })).isAdmin).toBe(true);
    expect(await groupNames('ana@example.com')).toEqual(['Admin', 'Everyone', 'Verkauf']);
    // Not in the ID token, so asked of the user info.
    await lied({ userInfo: { groups: 'Sales' } });
    expect(await groupNames('ana@example.com')).toEqual(['Everyone', 'Verkauf']);
    await lied({});
    expect(await groupNames('ana@example.com')).toEqual(['Everyone']);
  });

  test('never take the last administrator away', async () => {
    use(oidcSettings(hostile, { groupsClaim: 'groups', groupMapping: { admin: 'Admin' } }));
    await lied({ claims: { groups: ['admin'] } });
    await auth.updateUser(ADMIN, { active: false }, (await auth.getUser('ana@example.com')).id);
    expect((await lied({ claims: { groups: [] } })).isAdmin).toBe(true);
    expect(await fixture.audited()).toContain('member.remove last_admin');
  });
});

describe('a hostile', () => {
  const lies: [string, Lie, string][] = [
    ['nonce of somebody else', { claims: { nonce: 'another' } }, 'oauth_failed'],
    ['token without a nonce', { claims: { nonce: undefined } }, 'oauth_failed'],
    ['token that nobody signed', { signed: 'none' }, 'oauth_failed'],
    ['token signed with another key', { signed: 'other_key' }, 'oauth_failed'],
    ['token signed with the client secret', { signed: 'shared_secret' }, 'oauth_failed'],
    ['token that expired', { times: { exp: -120, iat: -420 } }, 'oauth_failed'],
    ['token without an expiry', { claims: { exp: undefined } }, 'oauth_failed'],
    ['token of the future', { times: { nbf: 600 } }, 'oauth_failed'],
    ['token for another client', { claims: { aud: 'another' } }, 'oauth_failed'],
    ['token for several clients, of another', { claims: { aud: ['agnes', 'b'], azp: 'b' } }, 'oauth_failed'],
    ['token of another issuer', { claims: { iss: 'https://accounts.example.net' } }, 'oauth_failed'],
    ['token without a subject', { claims: { sub: undefined } }, 'oauth_failed'],
    ['empty subject', { claims: { sub: '' } }, 'oauth_failed'],
    ['subject that is a number', { claims: { sub: 7 } }, 'oauth_failed'],
    ['address that is not verified', { claims: { email_verified: undefined } }, 'email_not_verified'],
    ['flag that is text', { claims: { email_verified: 'false' } }, 'email_not_verified'],
    ['flag that is a number', { claims: { email_verified: 1 } }, 'email_not_verified'],
    ['address with a line break', { claims: { email: 'ana@example.com\r\nBcc: eve@example.org' } }, 'no_email'],
    ['address with two at signs', { claims: { email: 'eve@evil.example@example.com' } }, 'no_email'],
    // Lower case of the Kelvin sign is the letter k: two mailboxes, one account.
    [
      'address that only becomes another by its letter case',
      { claims: { email: 'fran\u212a@example.com' } },
      'no_email',
    ],
    ['address with a letter that looks like another', { claims: { email: 'jo\u017fe@example.com' } }, 'no_email'],
    ['address that is a list', { claims: { email: ['ana@example.com'] } }, 'oauth_failed'],
    ['domain with a suffix', { claims: { email: 'eve@example.com.evil.example' } }, 'domain_not_allowed'],
    ['domain with a prefix', { claims: { email: 'eve@notexample.com' } }, 'domain_not_allowed'],
    ['subdomain', { claims: { email: 'eve@sub.example.com' } }, 'domain_not_allowed'],
    ['user info of somebody else', { claims: { email: undefined }, userInfo: { sub: 'other' } }, 'oauth_failed'],
  ];
  test.each(lies)('%s is refused', async (_what, lie, reason) => {
    use(oidcSettings(hostile));
    expect(await reasonOf(lied(lie))).toBe(reason);
    expect(await auth.listUsers()).toHaveLength(1);
    // The page sends these people to the log.
    expect(fixture.reported).toHaveLength(reason === 'oauth_failed' ? 1 : 0);
  });

  test('provider is refused altogether when its metadata are of another issuer', async () => {
    use(oidcSettings(hostile));
    hostile.lie = { issuer: 'https://accounts.example.net' };
    expect(await reasonOf(start())).toBe('provider_unavailable');
  });

  test('clock of a minute is borne, and the honest token signs in', async () => {
    use(oidcSettings(hostile));
    await lied({ times: { exp: -20, iat: -320 } });
    await lied({ times: { iat: 50, nbf: 50 } });
    expect((await lied({})).user.email).toBe('ana@example.com');
    process.stdout.write(`OIDC: ${lies.length} hostile tokens, 0 let in\n`);
  });
});

describe('what the browser brings back', () => {
  const attempts: [string, (back: URL, cookie: string) => Promise<unknown>][] = [
    ['in another browser', (back) => auth.finishOidc('corp', back, 'a'.repeat(43), PEER)],
    ['without the cookie', (back) => auth.finishOidc('corp', back, undefined, PEER)],
    ['without a state', (back, cookie) => auth.finishOidc('corp', without(back, 'state'), cookie, PEER)],
    ['with two states', (back, cookie) => auth.finishOidc('corp', new URL(`${back.href}&state=x`), cookie, PEER)],
    [
      'with a state of its own',
      (back, cookie) => auth.finishOidc('corp', withState(back, 'a'.repeat(43)), cookie, PEER),
    ],
    ['at another provider', (back, cookie) => auth.finishOidc('other', back, cookie, PEER)],
    [
      'after ten minutes',
      (back, cookie) => {
        fixture.pass(600);
        return auth.finishOidc('corp', back, cookie, PEER);
      },
    ],
  ];
  test.each(attempts)('%s does not count', async (_what, attempt) => {
    use(oidcSettings(hostile), oidcSettings(hostile, { id: 'other' }));
    const { url, browserCookie } = await start();
    expect(await reasonOf(attempt(hostile.authorize(url), browserCookie))).toBe('expired');
    expect(await auth.listUsers()).toHaveLength(1);
  });

  test('counts once', async () => {
    use(oidcSettings(hostile));
    const { url, browserCookie } = await start();
    const back = hostile.authorize(url);
    const both = await Promise.all([1, 2].map(() => reasonOf(auth.finishOidc('corp', back, browserCookie, PEER))));
    expect(both.sort()).toEqual(['expired', 'signed in']);
  });

  test('with another code, or the code of another sign-in, is refused', async () => {
    use(oidcSettings(hostile));
    const mine = await start();
    const theirs = await start();
    const back = hostile.authorize(mine.url);
    back.searchParams.set('code', hostile.authorize(theirs.url).searchParams.get('code') ?? '');
    // PKCE: the code belongs to the verifier of the other sign-in.
    expect(await reasonOf(auth.finishOidc('corp', back, mine.browserCookie, PEER))).toBe('oauth_failed');
  });

  test('says that another provider answered, where that one says who it is', async () => {
    const { url, browserCookie } = await start();
    const back = await provider.signIn(url, 'ana');
    back.searchParams.set('iss', 'https://accounts.example.net');
    expect(await reasonOf(auth.finishOidc('corp', back, browserCookie, PEER))).toBe('oauth_failed');
    process.stdout.write(`OIDC: ${attempts.length + 3} ways to bring back another sign-in, 0 let in\n`);
  });
});

describe('Google', () => {
  const google = (more: Partial<OidcProviderSettings> = {}) =>
    oidcSettings(hostile, { id: 'google', label: 'Google', allowedDomains: ['*'], ...more });
  const viaGoogle = async (claims: Record<string, unknown>) => {
    hostile.lie = { claims };
    const { url, browserCookie } = await auth.startOidc('google', {}, PEER);
    expect(new URL(url).searchParams.get('redirect_uri')).toBe(`${SERVER_URL}/auth/google/callback`);
    return auth.finishOidc('google', hostile.authorize(url), browserCookie, PEER);
  };

  test('counts an address as verified only where Google knows whose it is today', async () => {
    use(google());
    expect(await reasonOf(viaGoogle({ email: 'ana@example.com' }))).toBe('email_not_verified');
    expect(await reasonOf(viaGoogle({ email: 'ana@example.com', hd: 'example.com' }))).toBe('signed in');
    expect(await reasonOf(viaGoogle({ email: 'bob@gmail.com', sub: 'subject-2' }))).toBe('signed in');
  });
});

test('a refusal has words for the page that shows it, and nothing else has', () => {
  expect(wordsOfRefusal('domain_not_allowed')?.message).toContain('domain');
  expect([wordsOfRefusal('constructor'), wordsOfRefusal('<script>'), wordsOfRefusal('')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test('a provider that does not answer is told as such, and tried again', async () => {
  use(oidcSettings({ ...provider, issuer: 'http://127.0.0.1:1' }));
  expect(await reasonOf(start())).toBe('provider_unavailable');
  expect(await reasonOf(auth.startOidc('none', {}, PEER))).toBe('sign_in_unavailable');
  expect(String(fixture.reported)).toContain("'corp' at http://127.0.0.1:1 cannot be used: fetch failed, bad port.");
});

describe('why a provider cannot be used is said with the request, and never with a secret:', () => {
  const { key, cert } = selfSignedCertificate('127.0.0.1');
  const servers: AsyncDisposable[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
  });
  /** A server that has nothing at any path but says the secret. */
  async function listening(server: Server): Promise<number> {
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  test.each<[string, () => Promise<string>, RegExp]>([
    ['no such host', async () => 'https://no-such-host.invalid', /(?:ENOTFOUND|EAI_AGAIN): .* host name/],
    ['nothing listens', async () => `http://127.0.0.1:${await freePort()}`, /ECONNREFUSED: nothing answers/],
    [
      'a certificate of its own',
      async () => `https://127.0.0.1:${await listening(createHttpsServer({ key, cert }))}`,
      /DEPTH_ZERO_SELF_SIGNED_CERT: .*NODE_EXTRA_CA_CERTS/,
    ],
    [
      'another service',
      async () =>
        `http://127.0.0.1:${await listening(createServer((_, answer) => answer.writeHead(404).end(provider.clientSecret)))}`,
      /status 404/,
    ],
  ])('%s', async (_what, issuerOf, why) => {
    const issuer = await issuerOf();
    use(oidcSettings({ ...provider, issuer }));
    expect(await reasonOf(auth.startOidc('corp', {}, { ...PEER, requestId: 'req-1' }))).toBe('provider_unavailable');
    const [said, ...more] = fixture.reported.map(String);
    expect(more).toEqual([]);
    expect(said).toContain(`The provider 'corp' at ${issuer} cannot be used: `);
    expect(said).toMatch(why);
    expect(said).toMatch(/\. Request req-1\.$/);
    expect(said).not.toContain(provider.clientSecret);
  });
});

function without(url: URL, parameter: string): URL {
  const copy = new URL(url);
  copy.searchParams.delete(parameter);
  return copy;
}

function withState(url: URL, state: string): URL {
  const copy = new URL(url);
  copy.searchParams.set('state', state);
  return copy;
}
