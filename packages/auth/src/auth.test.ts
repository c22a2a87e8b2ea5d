import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type ErrorCode, isAgnesError } from '@agnes/errors';
import { type Access, createAccess } from '@agnes/rbac';
import { openState, type State, schema } from '@agnes/state';
import { testState } from '@agnes/testkit';
import { eq } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Auth, type AuthOptions, type Caller, createAuth, type SignedIn } from './index.ts';
import { createTokenText } from './token-format.ts';

const PASSWORD = 'correct horse battery';
const PEER = { ip: '192.0.2.1', userAgent: null };
const ADMIN = 'root@example.com';
const SCHEDULER_TOKEN = 'clock.'.repeat(8);
const TABLES = Object.values(schema).filter((value) => value instanceof PgTable);

let folder: string;
let state: State;
let access: Access;
let auth: Auth;
let clock: Date;
let background: unknown[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-auth-'));
  state = await openState(await testState(join(folder, 'system.duckdb')));
});
afterAll(async () => {
  await state.close();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  await state.write(async (tx) => {
    for (const table of TABLES) await tx.delete(table);
  });
  await rm(join(folder, 'bootstrap-code'), { force: true });
  access = createAccess({ state });
  await access.seedSystemGroups();
  clock = new Date('2026-01-01T00:00:00Z');
  background = [];
  auth = newAuth();
});

function newAuth(options: Partial<AuthOptions> = {}): Auth {
  return createAuth({
    state,
    access,
    now: () => clock,
    schedulerToken: SCHEDULER_TOKEN,
    onBackgroundError: (error) => background.push(error),
    ...options,
  });
}

const pass = (seconds: number): void => {
  clock = new Date(clock.getTime() + seconds * 1000);
};

const bearer = (token: string): Headers => new Headers({ authorization: `Bearer ${token}` });

async function callerOf(token: string): Promise<Caller> {
  const caller = await auth.authenticate(bearer(token), PEER);
  if (caller === undefined) throw new Error('no caller');
  return caller;
}

/** The seeded administrator, signed in. */
async function signedInAdmin(): Promise<SignedIn & { caller: Caller }> {
  await auth.seedAdmin({ email: ADMIN, password: PASSWORD });
  const signedIn = await auth.signIn(ADMIN, PASSWORD, PEER);
  return { ...signedIn, caller: await callerOf(signedIn.session.token) };
}

async function refused(code: ErrorCode, work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isAgnesError(error, code)) throw new Error(`expected ${code}, got ${String(error)}`);
  return `${error.message} ${error.hint}`;
}

const audited = async (): Promise<(string | null)[][]> => {
  const rows = await state.db.select().from(schema.auditLog).orderBy(schema.auditLog.id);
  return rows.map(({ action, result }) => [action, result]);
};

describe('sign-in', () => {
  test('gives a session that says who is calling, for a day', async () => {
    const { session, user, isAdmin, caller } = await signedInAdmin();
    expect(session.expires_at).toEqual(new Date('2026-01-02T00:00:00Z'));
    expect(isAdmin).toBe(true);
    expect(caller).toMatchObject({
      userId: user.id,
      email: ADMIN,
      isAdmin: true,
      credential: { kind: 'session', id: session.id, expires_at: session.expires_at },
    });
    expect(caller.groups.map(({ name }) => name).sort()).toEqual(['Admin', 'Everyone']);
    pass(24 * 3600 - 1);
    await callerOf(session.token);
    pass(1);
    await refused('invalid_credentials', callerOf(session.token));
  });

  test('takes the address in any letter case, and one person has one account', async () => {
    const admin = await signedInAdmin();
    const { user } = await auth.signIn('  ROOT@Example.COM ', PASSWORD, PEER);
    expect(user.id).toBe(admin.user.id);
    await refused('user_exists', auth.createUser({ email: 'Root@example.com' }, admin.user.id));
    expect(await auth.listUsers()).toHaveLength(1);
  });

  test('answers a wrong password, an unknown address and an account without a password alike', async () => {
    const { user } = await signedInAdmin();
    await auth.createUser({ email: 'nopassword@example.com' }, user.id);
    const answers = [
      await refused('invalid_credentials', auth.signIn(ADMIN, 'wrong password', PEER)),
      await refused('invalid_credentials', auth.signIn('nobody@example.com', PASSWORD, PEER)),
      await refused('invalid_credentials', auth.signIn('nopassword@example.com', PASSWORD, PEER)),
    ];
    expect(new Set(answers).size).toBe(1);
  });

  test('tells only who knows the password that the account is deactivated', async () => {
    const { user } = await signedInAdmin();
    await auth.createUser({ email: 'ana@example.com', password: PASSWORD }, user.id);
    await auth.updateUser('ana@example.com', { active: false }, user.id);
    await refused('account_deactivated', auth.signIn('ana@example.com', PASSWORD, PEER));
    await refused('invalid_credentials', auth.signIn('ana@example.com', 'wrong password', PEER));
  });

  test('accepts a password whose accents are composed in another way', async () => {
    await auth.seedAdmin({ email: ADMIN, password: 'hrušková šťáva'.normalize('NFC') });
    await auth.signIn(ADMIN, 'hrušková šťáva'.normalize('NFD'), PEER);
  });

  test('is limited for each address and account, until a minute is over', async () => {
    await signedInAdmin();
    for (let attempt = 0; attempt < 10; attempt += 1) {
      await refused('invalid_credentials', auth.signIn('ana@example.com', 'wrong password', PEER));
    }
    await expect(auth.signIn('ANA@example.com', 'wrong password', PEER)).rejects.toMatchObject({
      code: 'too_many_requests',
      details: { retry_after_seconds: 60 },
    });
    await refused(
      'invalid_credentials',
      auth.signIn('ana@example.com', 'wrong password', { ip: '192.0.2.9', userAgent: null }),
    );
    await auth.signIn(ADMIN, PASSWORD, PEER);
    pass(60);
    await refused('invalid_credentials', auth.signIn('ana@example.com', 'wrong password', PEER));
  });

  test('sign-out ends this session and no other', async () => {
    const { caller, session } = await signedInAdmin();
    const other = await auth.signIn(ADMIN, PASSWORD, PEER);
    await auth.signOut(caller);
    await refused('invalid_credentials', callerOf(session.token));
    await callerOf(other.session.token);
  });

  test('each is in the audit log, refused or not', async () => {
    await signedInAdmin();
    await refused('invalid_credentials', auth.signIn(ADMIN, 'wrong password', PEER));
    expect((await audited()).filter(([action]) => action === 'auth.sign_in')).toEqual([
      ['auth.sign_in', 'ok'],
      ['auth.sign_in', 'invalid_credentials'],
    ]);
  });

  test('leaves a password that was typed in the place of the address in no log', async () => {
    await refused('invalid_credentials', auth.signIn('correct horse battery staple', 'x', PEER));
    await refused('invalid_credentials', auth.signIn('nobody@example.com', 'x', PEER));
    const rows = (await state.db.select().from(schema.auditLog)).filter(({ action }) => action === 'auth.sign_in');
    expect(rows.map(({ params }) => params?.email).sort()).toEqual(['nobody@example.com', undefined]);
  });
});

describe('authenticate', () => {
  test('knows nobody without credentials, and tells a header of another form', async () => {
    expect(await auth.authenticate(new Headers(), PEER)).toBeUndefined();
    for (const authorization of ['Basic cm9vdDpyb290', 'Bearer', 'Bearer a b', 'agnes_pat_x']) {
      await refused('malformed_request', auth.authenticate(new Headers({ authorization }), PEER));
    }
  });

  test('answers every token that is not good alike', async () => {
    const { caller, session } = await signedInAdmin();
    const good = (await auth.createToken(caller, { name: 'laptop' })).token;
    const expired = await auth.createToken(caller, { name: 'short', ttl_seconds: 1 });
    const revoked = await auth.createToken(caller, { name: 'revoked' });
    await auth.revokeToken(revoked.id, { by: caller.userId });
    pass(2);
    const flipped = (text: string, at: number): string =>
      text.slice(0, at) + (text.charAt(at) === 'x' ? 'y' : 'x') + text.slice(at + 1);
    const bad: Record<string, string> = {
      expired: expired.token,
      revoked: revoked.token,
      truncated: good.slice(0, -1),
      'without its checksum': good.slice(0, -6),
      longer: `${good}0`,
      'mistyped in the middle': flipped(good, 20),
      'mistyped in the checksum': flipped(good, good.length - 1),
      'in lower case': good.toLowerCase(),
      'a session called a token': session.token.replace('agnes_ses_', 'agnes_pat_'),
      'of another scheme': 'eyJhbGciOiJIUzI1NiJ9.e30.c2ln',
      'its own hash': '0'.repeat(64),
      'a prefix alone': 'agnes_pat_',
      'well-formed and unknown': createTokenText('personal').token,
      'half of the scheduler token': SCHEDULER_TOKEN.slice(0, -1),
    };
    await callerOf(good);
    const answers = await Promise.all(
      Object.entries(bad).map(async ([name, token]) => [name, await refused('invalid_credentials', callerOf(token))]),
    );
    expect(new Set(answers.map(([, answer]) => answer)).size).toBe(1);
  });

  test('follows revocation, deactivation, activation and group changes on the next request', async () => {
    const { caller: admin } = await signedInAdmin();
    await auth.createUser({ email: 'ana@example.com', password: PASSWORD }, admin.userId);
    const { session, user } = await auth.signIn('ana@example.com', PASSWORD, PEER);
    const token = await auth.createToken(await callerOf(session.token), { name: 'laptop' });
    expect(await callerOf(token.token)).toMatchObject({ isAdmin: false, credential: { kind: 'personal' } });

    await access.addMember('Admin', user.id, 'admin', admin.userId);
    expect(await callerOf(token.token)).toMatchObject({ isAdmin: true });
    await access.removeMember('Admin', user.id, 'admin', admin.userId);
    expect(await callerOf(token.token)).toMatchObject({ isAdmin: false });

    await auth.updateUser(user.id, { active: false }, admin.userId);
    await refused('account_deactivated', callerOf(token.token));
    await refused('invalid_credentials', callerOf(session.token));
    await auth.updateUser(user.id, { active: true }, admin.userId);
    await callerOf(token.token);
    await refused('invalid_credentials', callerOf(session.token));

    await auth.revokeToken(token.id, { by: admin.userId });
    await refused('invalid_credentials', callerOf(token.token));
  });

  test('the scheduler is nobody: no account, no group, no administrator', async () => {
    expect(await callerOf(SCHEDULER_TOKEN)).toMatchObject({
      userId: 'scheduler',
      isAdmin: false,
      groupIds: [],
      credential: { kind: 'scheduler' },
    });
    auth = newAuth({ schedulerToken: undefined });
    await refused('invalid_credentials', callerOf(SCHEDULER_TOKEN));
    expect(() => newAuth({ schedulerToken: 'short' })).toThrow(/32/);
  });

  test('writes the last use of a token at most once a minute, and each new address once, at once and into the audit log', async () => {
    const { caller } = await signedInAdmin();
    const { id, token } = await auth.createToken(caller, { name: 'laptop' });
    const useFrom = async (ip: string) => {
      await auth.authenticate(bearer(token), { ip, userAgent: null });
      await auth.settled();
      const { last_used_at, last_used_ip } = await auth.getToken(id, caller.userId);
      const entries = (await audited()).filter(([action]) => action === 'token.new_address');
      return [last_used_at?.toISOString().slice(14, 19), last_used_ip, entries.length];
    };
    expect(await useFrom('192.0.2.1')).toEqual(['00:00', '192.0.2.1', 0]);
    pass(59);
    expect(await useFrom('192.0.2.1')).toEqual(['00:00', '192.0.2.1', 0]);
    expect(await useFrom('192.0.2.2')).toEqual(['00:59', '192.0.2.2', 1]);
    pass(1);
    expect(await useFrom('192.0.2.1')).toEqual(['00:59', '192.0.2.2', 1]);
    pass(60);
    expect(await useFrom('192.0.2.1')).toEqual(['02:00', '192.0.2.1', 1]);
    expect(await useFrom('2001:db8::1')).toEqual(['02:00', '2001:db8::1', 2]);
    pass(60);
    expect(await useFrom('2001:db8::ffff')).toEqual(['03:00', '2001:db8::ffff', 2]);
    expect(background).toEqual([]);
  });

  test('keeps a bounded number of addresses of a token, also when it is used from everywhere', async () => {
    const { caller } = await signedInAdmin();
    const { id, token } = await auth.createToken(caller, { name: 'laptop' });
    for (let n = 1; n <= 130; n += 1) {
      await auth.authenticate(bearer(token), { ip: `198.51.100.${n}`, userAgent: null });
      await auth.settled();
      pass(60);
    }
    const rows = await state.db.select().from(schema.tokenAddresses).where(eq(schema.tokenAddresses.token_id, id));
    expect(rows).toHaveLength(100);
    expect(rows.map(({ ip }) => ip)).toContain('198.51.100.130');
    expect(rows.map(({ ip }) => ip)).not.toContain('198.51.100.1');
  });
});

describe('access tokens', () => {
  test('are 200 a person at most; those that ended count no more, and leave after 30 days', async () => {
    const { caller } = await signedInAdmin();
    const [first] = await Promise.all(
      Array.from({ length: 200 }, (_, n) => auth.createToken(caller, { name: `t${n}`, ttl_seconds: 60 })),
    );
    await refused('too_many_tokens', auth.createToken(caller, { name: 'one more' }));
    await auth.revokeToken(first?.id ?? '', { by: caller.userId, owner: caller.userId });
    await auth.createToken(caller, { name: 'in its place' });
    expect(await auth.listTokens(caller.userId)).toHaveLength(201);
    pass(31 * 86_400);
    await auth.createToken(caller, { name: 'a month later' });
    expect((await auth.listTokens(caller.userId)).map(({ name }) => name)).toEqual(['a month later', 'in its place']);
  });

  test.each([
    [{}, '2026-04-01T00:00:00.000Z'],
    [{ expires_in_days: 1 }, '2026-01-02T00:00:00.000Z'],
    [{ expires_in_days: null }, undefined],
    [{ expires_in_days: 1, ttl_seconds: 60 }, '2026-01-01T00:01:00.000Z'],
    [{ expires_in_days: null, ttl_seconds: 60 }, '2026-01-01T00:01:00.000Z'],
    [{ scope: 'read' }, '2026-04-01T00:00:00.000Z'],
    [{ scope: 'bootstrap-analyst' }, '2026-01-01T01:00:00.000Z'],
    [{ scope: 'bootstrap-analyst', expires_in_days: null }, '2026-01-01T01:00:00.000Z'],
    [{ scope: 'bootstrap-analyst', ttl_seconds: 7200 }, '2026-01-01T01:00:00.000Z'],
    [{ scope: 'bootstrap-analyst', ttl_seconds: 60 }, '2026-01-01T00:01:00.000Z'],
  ])('asked for with %j expire at %s', async (input, expected) => {
    const { caller } = await signedInAdmin();
    const { expires_at } = await auth.createToken(caller, { name: 'laptop', ...input });
    expect(expires_at?.toISOString()).toBe(expected);
  });

  test('are recognised by their first characters, and shown once', async () => {
    const { caller } = await signedInAdmin();
    const made = await auth.createToken(caller, { name: 'laptop' });
    expect(made.token).toMatch(/^agnes_pat_[0-9A-Za-z]{49}$/);
    expect(made.token.startsWith(made.prefix)).toBe(true);
    const [listed] = await auth.listTokens(caller.userId);
    expect(listed).toMatchObject({ id: made.id, name: 'laptop', prefix: made.prefix });
    expect(Object.keys(listed ?? {})).not.toContain('token_hash');
    expect(JSON.stringify(listed)).not.toContain(made.token);
  });

  test('cannot make access tokens; neither can the scheduler', async () => {
    const { caller } = await signedInAdmin();
    const { token } = await auth.createToken(caller, { name: 'laptop' });
    await refused('session_required', auth.createToken(await callerOf(token), { name: 'second' }));
    await refused('session_required', auth.createToken(await callerOf(SCHEDULER_TOKEN), { name: 'second' }));
  });

  test('of somebody else do not exist, and a session is not one', async () => {
    const { caller, session } = await signedInAdmin();
    await auth.createUser({ email: 'ana@example.com', password: PASSWORD }, caller.userId);
    const ana = await callerOf((await auth.signIn('ana@example.com', PASSWORD, PEER)).session.token);
    const { id, token } = await auth.createToken(caller, { name: 'laptop' });
    await refused('token_not_found', auth.getToken(id, ana.userId));
    await refused('token_not_found', auth.revokeToken(id, { by: ana.userId, owner: ana.userId }));
    await refused('token_not_found', auth.revokeToken(session.id, { by: caller.userId }));
    await callerOf(token);
    expect(await auth.listTokens(ana.userId)).toEqual([]);
    await auth.revokeToken(id, { by: caller.userId });
    await auth.revokeToken(id, { by: caller.userId });
  });
});

describe('accounts', () => {
  test.each([
    ['too short', 'seven77'],
    ['one character', 'aaaaaaaaaaaa'],
    ['the address', ' ANA@example.com'],
    ['too long', 'ab'.repeat(513)],
  ])('a password that is %s is refused, and not repeated in the error', async (_, password) => {
    const text = await refused('weak_password', auth.createUser({ email: 'ana@example.com', password }, 'root'));
    expect(text).not.toContain(password);
    expect(await auth.listUsers()).toEqual([]);
  });

  test('are found by id and address, and not otherwise', async () => {
    const { user } = await signedInAdmin();
    expect((await auth.getUser(user.id)).email).toBe(ADMIN);
    expect((await auth.getUser('Root@Example.com')).id).toBe(user.id);
    await refused('user_not_found', auth.getUser('ghost@example.com'));
  });

  test('nobody locks themselves out, and the last administrator stays', async () => {
    const { user } = await signedInAdmin();
    await refused('own_account', auth.updateUser(user.id, { active: false }, user.id));
    await refused('own_account', auth.deleteUser(ADMIN, user.id));
    await refused('last_admin', auth.updateUser(ADMIN, { active: false }, 'somebody'));
    await refused('last_admin', auth.deleteUser(ADMIN, 'somebody'));
    await auth.updateUser(ADMIN, { name: 'Root', active: true }, user.id);
    expect(await auth.getUser(ADMIN)).toMatchObject({ name: 'Root', active: true });
  });

  test('two administrators who deactivate each other at once leave one', async () => {
    const { user } = await signedInAdmin();
    const second = await auth.createUser({ email: 'ana@example.com', password: PASSWORD }, user.id);
    await access.addMember('Admin', second.id, 'admin', user.id);
    const results = await Promise.allSettled([
      auth.updateUser(second.id, { active: false }, user.id),
      auth.updateUser(user.id, { active: false }, second.id),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('a deleted one leaves no token and no membership to a new one of the same address', async () => {
    const { user } = await signedInAdmin();
    const ana = await auth.createUser({ email: 'ana@example.com', password: PASSWORD }, user.id);
    await access.createGroup({ name: 'Sales' }, user.id);
    await access.addMember('Sales', ana.id, 'admin', user.id);
    const { session } = await auth.signIn('ana@example.com', PASSWORD, PEER);
    await auth.deleteUser('ana@example.com', user.id);
    await refused('invalid_credentials', callerOf(session.token));
    const again = await auth.createUser({ email: 'ana@example.com' }, user.id);
    expect(again.id).not.toBe(ana.id);
    expect((await access.groupsOf(again.id)).map(({ name }) => name)).toEqual(['Everyone']);
  });

  test('a new password ends the sessions, also one that was being opened with the old one', async () => {
    const { user } = await signedInAdmin();
    await auth.createUser({ email: 'ana@example.com', password: PASSWORD }, user.id);
    const { session } = await auth.signIn('ana@example.com', PASSWORD, PEER);
    const token = await auth.createToken(await callerOf(session.token), { name: 'laptop' });
    await auth.setPassword('ana@example.com', 'another password', user.id);
    await refused('invalid_credentials', callerOf(session.token));
    await callerOf(token.token);
    await refused('invalid_credentials', auth.signIn('ana@example.com', PASSWORD, PEER));

    const [opened] = await Promise.allSettled([
      auth.signIn('ana@example.com', 'another password', PEER),
      auth.setPassword('ana@example.com', 'a third password', user.id),
    ]);
    if (opened.status === 'fulfilled') await refused('invalid_credentials', callerOf(opened.value.session.token));
    await auth.signIn('ana@example.com', 'a third password', PEER);
    await refused('weak_password', auth.setPassword('ana@example.com', 'short', user.id));
    await refused('user_not_found', auth.setPassword('ghost@example.com', PASSWORD, user.id));
  });
});

describe('the seeded administrator', () => {
  test('is made once, keeps a changed password, and becomes an administrator again', async () => {
    const { user } = await signedInAdmin();
    await auth.setPassword(ADMIN, 'changed by hand', user.id);
    await state.write((tx) => tx.delete(schema.userGroupMembers));
    await auth.seedAdmin({ email: 'ROOT@example.com', password: PASSWORD });
    expect((await auth.signIn(ADMIN, 'changed by hand', PEER)).isAdmin).toBe(true);
    expect(await auth.listUsers()).toHaveLength(1);
  });

  test('gets a first password later, and a weak one is refused before anything happens', async () => {
    await refused('weak_password', auth.seedAdmin({ email: ADMIN, password: 'short' }));
    expect(await auth.listUsers()).toEqual([]);
    await auth.seedAdmin({ email: ADMIN });
    await auth.seedAdmin({ email: ADMIN, password: PASSWORD });
    await auth.signIn(ADMIN, PASSWORD, PEER);
  });

  test('cannot be taken out by hand; another address in the configuration takes its place', async () => {
    const { user } = await signedInAdmin();
    await auth.seedAdmin({ email: 'new@example.com', password: PASSWORD });
    const members = await access.listMembers('Admin');
    expect(members.map(({ email, source }) => [email, source])).toEqual([['new@example.com', 'system_seed']]);
    await access.addMember('Admin', user.id, 'admin', null);
    await expect(access.removeMember('Admin', 'new@example.com', 'admin', user.id)).rejects.toThrow(/system_seed/);
  });

  test('is activated only when nobody else could administer', async () => {
    const { user } = await signedInAdmin();
    const other = await auth.createUser({ email: 'ana@example.com', password: PASSWORD }, user.id);
    await access.addMember('Admin', other.id, 'admin', user.id);
    await auth.updateUser(user.id, { active: false }, other.id);
    await auth.seedAdmin({ email: ADMIN });
    expect(await auth.getUser(ADMIN)).toMatchObject({ active: false });
    await state.write((tx) => tx.update(schema.users).set({ active: false }));
    await auth.seedAdmin({ email: ADMIN });
    expect(await auth.getUser(ADMIN)).toMatchObject({ active: true, deactivated_at: null });
  });
});

describe('bootstrap', () => {
  const input = { email: ADMIN, name: 'Root', password: PASSWORD };
  const prepared = async (): Promise<string> => {
    const path = await auth.prepareBootstrap(folder);
    return (await readFile(path ?? '', 'utf8')).trim();
  };
  const fileThere = () =>
    stat(join(folder, 'bootstrap-code')).then(
      () => true,
      () => false,
    );

  test('makes the first administrator with the code, once, and the code is gone', async () => {
    const code = await prepared();
    const { session, isAdmin } = await auth.bootstrap({ ...input, code: ` ${code}\n` }, PEER);
    expect(isAdmin).toBe(true);
    expect(await callerOf(session.token)).toMatchObject({ email: ADMIN, isAdmin: true });
    expect(await fileThere()).toBe(false);
    await refused('bootstrap_closed', auth.bootstrap({ ...input, email: 'b@example.com', code }, PEER));
    expect(await auth.prepareBootstrap(folder)).toBeUndefined();
  });

  test.runIf(process.platform !== 'win32')('the code can be read by its owner only', async () => {
    await prepared();
    expect((await stat(join(folder, 'bootstrap-code'))).mode & 0o777).toBe(0o600);
  });

  test('a restart keeps the code, and replaces one that a crash left half written', async () => {
    const code = await prepared();
    auth = newAuth();
    expect(await prepared()).toBe(code);
    await writeFile(join(folder, 'bootstrap-code'), code.slice(0, 5));
    expect(await prepared()).not.toBe(code);
  });

  test('of two at once one wins', async () => {
    const code = await prepared();
    const results = await Promise.allSettled(
      ['a@example.com', 'b@example.com', 'c@example.com'].map((email) =>
        auth.bootstrap({ ...input, email, code }, PEER),
      ),
    );
    const failures = results.filter(({ status }) => status === 'rejected');
    expect(failures).toHaveLength(2);
    for (const failure of failures) expect(failure).toMatchObject({ reason: { code: 'bootstrap_closed' } });
    expect(await auth.listUsers()).toHaveLength(1);
    expect(await access.listMembers('Admin')).toHaveLength(1);
  });

  test('refuses a wrong code, a weak password, and too many tries, and stays open', async () => {
    const code = await prepared();
    await refused('weak_password', auth.bootstrap({ ...input, password: 'short', code }, PEER));
    for (let attempt = 0; attempt < 9; attempt += 1) {
      const text = await refused('invalid_credentials', auth.bootstrap({ ...input, code: code.slice(1) }, PEER));
      expect(text).not.toContain(code.slice(1));
    }
    await refused('too_many_requests', auth.bootstrap({ ...input, code }, PEER));
    pass(60);
    await auth.bootstrap({ ...input, code }, PEER);
  });

  test('is closed for ever once there was an administrator, whatever became of the account', async () => {
    const code = await prepared();
    await auth.seedAdmin({ email: ADMIN });
    await refused('bootstrap_closed', auth.bootstrap({ ...input, email: 'b@example.com', code }, PEER));
    await state.write(async (tx) => {
      await tx.delete(schema.userGroupMembers);
      await tx.delete(schema.users);
    });
    expect(await auth.prepareBootstrap(folder)).toBeUndefined();
    expect(await fileThere()).toBe(false);
    await refused('bootstrap_closed', auth.bootstrap({ ...input, code }, PEER));
  });

  test('is closed while no code was prepared', async () => {
    await refused('bootstrap_closed', auth.bootstrap({ ...input, code: '' }, PEER));
  });
});

test('no secret is in any table of the state, nor in the audit log', async () => {
  const path = await auth.prepareBootstrap(folder);
  const code = (await readFile(path ?? '', 'utf8')).trim();
  const first = await auth.bootstrap({ email: ADMIN, password: PASSWORD, code }, PEER);
  const caller = await callerOf(first.session.token);
  const token = await auth.createToken(caller, { name: 'laptop' });
  await callerOf(token.token);
  await callerOf(SCHEDULER_TOKEN);
  await auth.createUser({ email: 'ana@example.com', password: 'first password of ana' }, caller.userId);
  await auth.setPassword('ana@example.com', 'second password of ana', caller.userId);
  await refused('invalid_credentials', auth.signIn('ana@example.com', 'a wrong guess', PEER));
  await auth.settled();

  const rows = await Promise.all(TABLES.map((table) => state.db.select().from(table)));
  const everything = JSON.stringify(rows);
  expect(everything).toContain('$argon2id$v=19$m=19456,t=2,p=1$');
  const secrets = [
    ...[first.session.token, token.token].map((text) => text.slice(15)),
    code,
    PASSWORD,
    SCHEDULER_TOKEN,
    'first password of ana',
    'second password of ana',
    'a wrong guess',
  ];
  for (const secret of secrets) expect(everything).not.toContain(secret);
});
