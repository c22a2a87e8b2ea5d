import { schema } from '@agnes/state';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startSession } from './sessions.ts';
import { ADMIN, PEER } from './testing/fixture.ts';
import { type OpenedAuth, openAuth, SCHEDULER_TOKEN } from './testing/open-auth.ts';
import { refused } from './testing/refusals.ts';

const ANA = 'ana@example.com';
let opened: OpenedAuth;
let ana: string;
beforeAll(async () => {
  opened = await openAuth();
});
afterAll(() => opened[Symbol.asyncDispose]());
beforeEach(async () => {
  await opened.reset();
  ana = await opened.person(ANA);
});

const ids = async (user = ana) => (await opened.auth.sessions.list(user)).map(({ id }) => id);

describe('a session', () => {
  test('tells its person how, when and from where it was opened and used, and never its token', async () => {
    const { session } = await opened.signIn(ANA, { ip: '192.0.2.1', userAgent: 'Browser\u001b[2J\n/1 ž' });
    opened.pass(60);
    await opened.callerOf(session.token, { ip: '192.0.2.2', userAgent: null });
    await opened.auth.settled();
    const [listed] = await opened.auth.sessions.list(ana);
    expect(listed).toMatchObject({
      id: session.id,
      auth_method: 'password',
      created_ip: '192.0.2.1',
      user_agent: 'Browser[2J/1 ',
      last_used_ip: '192.0.2.2',
      last_used_at: new Date('2026-01-01T00:01:00Z'),
      expires_at: new Date('2026-01-02T00:00:00Z'),
    });
    expect(JSON.stringify(listed)).not.toContain(session.token.slice(15));
    expect(Object.keys(listed ?? {})).not.toContain('token_hash');
  });

  test('is ended by its person alone, at the next request, and is then no longer there', async () => {
    const here = await opened.signIn(ANA);
    const there = await opened.signIn(ANA);
    const admin = await opened.signIn();
    await refused('session_not_found', opened.auth.sessions.end(there.session.id, { owner: admin.user.id, by: ana }));
    await opened.auth.sessions.end(there.session.id, { owner: ana, by: ana });
    await refused('invalid_credentials', opened.callerOf(there.session.token));
    await opened.callerOf(here.session.token);
    expect(await ids()).toEqual([here.session.id]);
    await refused('session_not_found', opened.auth.sessions.end(there.session.id, { owner: ana, by: ana }));
    expect(await opened.audited('session.end')).toMatchObject([
      { user_id: ana, resource: `session:${there.session.id}` },
    ]);
  });

  test('outlives a sign-out everywhere else, and no access token ends by it', async () => {
    const here = await opened.signIn(ANA);
    const others = [await opened.signIn(ANA), await opened.signIn(ANA)];
    const admin = await opened.signIn();
    const { token } = await opened.auth.createToken(here.caller, { name: 'laptop' });
    expect(await opened.auth.sessions.endAll(ana, { by: ana, except: here.session.id })).toBe(2);
    for (const { session } of others) await refused('invalid_credentials', opened.callerOf(session.token));
    for (const good of [here.session.token, admin.session.token, token]) await opened.callerOf(good);
    expect(await opened.auth.sessions.endAll(ana, { by: 'root' })).toBe(1);
    await refused('invalid_credentials', opened.callerOf(here.session.token));
  });

  test('ends when it is left alone too long, however it was used before, and at its time however it is used', async () => {
    opened.restart({ sessionIdleMinutes: 60, sessionHours: 5 });
    const { session, caller } = await opened.signIn(ANA);
    const { token } = await opened.auth.createToken(caller, { name: 'laptop' });
    for (let hour = 0; hour < 4; hour += 1) {
      opened.pass(3599);
      await opened.callerOf(session.token);
      await opened.auth.settled();
      // What another process knows of the last use is what is written.
      opened.restart({ sessionIdleMinutes: 60, sessionHours: 5 });
    }
    opened.pass(3599);
    await opened.callerOf(session.token);
    await opened.auth.settled();
    expect(await ids()).toEqual([session.id]);
    opened.pass(3600);
    await refused('invalid_credentials', opened.callerOf(session.token));
    expect(await ids()).toEqual([]);

    const second = await opened.signIn(ANA);
    opened.pass(3600);
    await refused('invalid_credentials', opened.callerOf(second.session.token));
    await opened.callerOf(token);
  });

  test('ends when its person becomes an administrator, and when they are one no longer; their tokens go on', async () => {
    const first = await opened.signIn(ANA);
    const { token } = await opened.auth.createToken(first.caller, { name: 'laptop' });
    await opened.access.addMember('Admin', ana, 'admin', null);
    await refused('invalid_credentials', opened.callerOf(first.session.token));
    expect(await opened.callerOf(token)).toMatchObject({ isAdmin: true });
    const second = await opened.signIn(ANA);
    // Said once more by another source, or by one source less, changes nothing.
    await opened.access.addMember('Admin', ana, 'directory', null);
    await opened.access.removeMember('Admin', ana, 'admin', null);
    expect(second.caller.isAdmin).toBe(true);
    await opened.callerOf(second.session.token);
    await opened.access.removeMember('Admin', ana, 'directory', null);
    await refused('invalid_credentials', opened.callerOf(second.session.token));
    expect(await opened.callerOf(token)).toMatchObject({ isAdmin: false });

    await opened.access.createGroup({ name: 'Sales' }, 'root');
    const third = await opened.signIn(ANA);
    await opened.access.addMember('Sales', ana, 'admin', null);
    expect((await opened.callerOf(third.session.token)).groups.map(({ name }) => name)).toContain('Sales');
  });

  test('of a seeded administrator ends when another address takes the place', async () => {
    const admin = await opened.signIn();
    await opened.auth.seedAdmin({ email: 'new@example.com' });
    await refused('invalid_credentials', opened.callerOf(admin.session.token));
  });

  test('of a seeded administrator goes on when somebody else says that they are one', async () => {
    const admin = await opened.signIn();
    await opened.access.addMember('Admin', ADMIN, 'admin', null);
    await opened.auth.seedAdmin({ email: 'new@example.com' });
    expect(await opened.callerOf(admin.session.token)).toMatchObject({ isAdmin: true });
  });

  test('and what is left of it are a bounded number of rows', async () => {
    const [user] = await opened.state.db.select().from(schema.users).where(eq(schema.users.email, ANA));
    if (user === undefined) throw new Error('no user');
    const start = () =>
      opened.state.write((tx) =>
        startSession(tx, { user, method: 'password', peer: PEER, now: opened.clock, hours: 24 }),
      );
    const rows = () => opened.state.db.select().from(schema.accessTokens).where(eq(schema.accessTokens.user_id, ana));
    const first = (await start()).session.token;
    await opened.callerOf(first);
    for (let n = 0; n < 200; n += 1) {
      opened.pass(1);
      await start();
    }
    expect(await rows()).toHaveLength(200);
    await refused('invalid_credentials', opened.callerOf(first));
    opened.pass(24 * 3600);
    await start();
    expect(await rows()).toHaveLength(21);
    opened.pass(31 * 24 * 3600);
    await start();
    expect(await rows()).toHaveLength(1);
  });
});

describe('the cookie', () => {
  const byCookie = (cookie: string) => opened.auth.authenticate(new Headers({ cookie }), PEER);

  test('is bound to host, path and TLS, and no script reads it', async () => {
    const { session } = await opened.signIn(ANA);
    expect(opened.auth.cookie.set(session)).toBe(
      `__Host-agnes_session=${session.token}; Expires=Fri, 02 Jan 2026 00:00:00 GMT; Path=/; HttpOnly; SameSite=Lax; Secure`,
    );
    expect(opened.auth.cookie.clear()).toBe('__Host-agnes_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure');
    opened.restart({ secureCookie: false });
    expect(opened.auth.cookie.set(session)).toMatch(
      /^agnes_session=[^;]+; Expires=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/,
    );
  });

  test('says who is calling, among other cookies, and less than the Authorization header', async () => {
    const { session } = await opened.signIn(ANA);
    const cookie = `a=b; __Host-agnes_session=${session.token}; c=d`;
    expect(await byCookie(cookie)).toMatchObject({ email: ANA, credential: { kind: 'session', method: 'password' } });
    const admin = await opened.signIn();
    const both = new Headers({ cookie, authorization: `Bearer ${admin.session.token}` });
    expect(await opened.auth.authenticate(both, PEER)).toMatchObject({ email: ADMIN });
    const wrong = new Headers({ cookie, authorization: 'Bearer wrong' });
    await refused('invalid_credentials', opened.auth.authenticate(wrong, PEER));
    expect(await byCookie('a=b')).toBeUndefined();
    expect(await byCookie(`agnes_session=${session.token}`)).toBeUndefined();
  });

  test("holds sessions only: not an access token, not the scheduler's", async () => {
    const { caller } = await opened.signIn(ANA);
    const { token } = await opened.auth.createToken(caller, { name: 'laptop' });
    const answers = await Promise.all(
      [token, SCHEDULER_TOKEN, 'x', 'agnes_ses_'].map((value) =>
        refused('invalid_credentials', byCookie(`__Host-agnes_session=${value}`)),
      ),
    );
    expect(new Set(answers).size).toBe(1);
  });
});

describe('local development mode', () => {
  const EMAIL = 'dev@localhost';
  const LOCAL = { ip: '127.0.0.1', userAgent: null };
  const ask = (headers: Record<string, string>, peer = LOCAL) =>
    opened.auth.authenticate(new Headers({ host: 'localhost:8000', ...headers }), peer);

  beforeEach(async () => {
    opened.restart({ localDevEmail: EMAIL });
    await opened.auth.prepareLocalDev();
  });

  test('makes whoever calls from this machine an administrator, and nobody whom a proxy or another site sent', async () => {
    expect(await ask({})).toMatchObject({ email: EMAIL, isAdmin: true, credential: { method: 'local_dev' } });
    expect(await ask({ host: '[::1]:8000' }, { ip: '::1', userAgent: null })).toMatchObject({ email: EMAIL });
    for (const name of ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip']) {
      expect(await ask({ [name]: '127.0.0.1' }), name).toBeUndefined();
    }
    expect(await ask({ host: 'evil.example.com' })).toBeUndefined();
    expect(await ask({ host: '127.0.0.1.example.com' })).toBeUndefined();
    expect(await ask({ host: '' })).toBeUndefined();
    expect(await ask({}, { ip: '192.0.2.1', userAgent: null })).toBeUndefined();
    await refused('invalid_credentials', ask({ authorization: 'Bearer wrong' }));
  });

  test('leaves nobody an administrator once it is off, and no session', async () => {
    const { id } = await opened.auth.getUser(EMAIL);
    await opened.auth.setPassword(EMAIL, 'a password of the developer', 'root');
    const { session } = await opened.auth.signIn(EMAIL, 'a password of the developer', PEER);
    opened.restart();
    await opened.auth.prepareLocalDev();
    expect(await ask({})).toBeUndefined();
    await refused('invalid_credentials', opened.callerOf(session.token));
    expect((await opened.access.groupsOf(id)).map(({ name }) => name)).toEqual(['Everyone']);
  });

  test('moves to another account with its setting', async () => {
    opened.restart({ localDevEmail: 'other@localhost' });
    await opened.auth.prepareLocalDev();
    const members = await opened.access.listMembers('Admin');
    expect(members.map(({ email, source }) => `${email} ${source}`).sort()).toEqual([
      'other@localhost local_dev',
      'root@example.com system_seed',
    ]);
  });
});
