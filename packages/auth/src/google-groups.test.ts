import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GoogleGroupsSettings } from '@agnes/config';
import {
  type GoogleWorkspace,
  type HostileOidcProvider,
  startGoogleWorkspace,
  startHostileOidcProvider,
} from '@agnes/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openDirectory } from './google/directory.ts';
import { createGoogleGroups } from './google/group-sync.ts';
import { openServiceAccount } from './google/service-account.ts';
import { type Auth, openGoogleDirectory } from './index.ts';
import { ADMIN, type Fixture, openFixture, PASSWORD, PEER } from './testing/fixture.ts';
import { reasonOf, refused } from './testing/refusals.ts';
import { oidcSettings } from './testing/sign-in-settings.ts';

const ANA = 'ana@example.com';
const GROUPS = '/admin/directory/v1/groups';

let fixture: Fixture;
let google: GoogleWorkspace;
let signInPage: HostileOidcProvider;
let auth: Auth;
let adminId: string;
let keyFile: string;

beforeAll(async () => {
  fixture = await openFixture();
  signInPage = await startHostileOidcProvider();
});
afterAll(async () => {
  await signInPage[Symbol.asyncDispose]();
  await fixture[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await fixture.reset();
  google = await startGoogleWorkspace();
  keyFile = join(fixture.folder, 'key.json');
  await writeFile(keyFile, JSON.stringify(google.key));
  await use();
  await auth.seedAdmin({ email: ADMIN, password: PASSWORD });
  adminId = (await auth.getUser(ADMIN)).id;
  google.groups.set(ANA, []);
  return () => google[Symbol.asyncDispose]();
});

function settings(more: Partial<GoogleGroupsSettings> = {}): GoogleGroupsSettings {
  return {
    subject: google.subject,
    serviceAccount: undefined,
    keyFile,
    checkUsers: false,
    prefix: undefined,
    adminGroup: undefined,
    everyoneGroup: undefined,
    tokenUrl: google.tokenUrl,
    directoryUrl: google.url,
    iamUrl: google.url,
    metadataUrl: google.url,
    ...more,
  };
}

async function use(more: Partial<GoogleGroupsSettings> = {}): Promise<void> {
  const googleGroups = settings(more);
  auth = fixture.auth({
    signIn: { mail: undefined, oidc: [oidcSettings(signInPage, { id: 'google' })], googleGroups },
    directory: await openGoogleDirectory(googleGroups),
  });
}

async function signIn(email = ANA) {
  signInPage.lie = { claims: { email, sub: `of ${email}`, hd: 'example.com' } };
  const { url, browserCookie } = await auth.startOidc('google', {}, PEER);
  return auth.finishOidc('google', signInPage.authorize(url), browserCookie, PEER);
}

const groupNames = async (email = ANA): Promise<string[]> =>
  (await fixture.access.groupsOf((await auth.getUser(email)).id))
    .map(({ name }) => name)
    .filter((name) => name !== 'Everyone')
    .sort();

const manyGroups = (count: number) => Array.from({ length: count }, (_, n) => `g${n}@example.com`);

describe('the directory', () => {
  test('is read page by page, with a token that is asked for once', async () => {
    google.groups.set(ANA, manyGroups(8));
    google.groups.set('bob@example.com', ['G1@example.com']);
    await signIn();
    await signIn('bob@example.com');
    expect(await groupNames()).toEqual(manyGroups(8));
    expect(await groupNames('bob@example.com')).toEqual(['g1@example.com']);
    expect(google.asked.get(GROUPS)).toBe(4);
    expect(google.asked.get('/token')).toBe(1);
  });

  test('is read without a key, by the account of the machine or a named one', async () => {
    google.groups.set(ANA, ['a@example.com']);
    await use({ keyFile: undefined });
    await signIn();
    expect(await groupNames()).toEqual(['a@example.com']);
    google.groups.set(ANA, ['b@example.com']);
    await use({ keyFile: undefined, serviceAccount: google.serviceAccount });
    await signIn();
    expect(await groupNames()).toEqual(['b@example.com']);
  });

  test('is asked again with a new token when the old one is good no more', async () => {
    await signIn();
    google.revokeTokens();
    google.groups.set(ANA, ['a@example.com']);
    await signIn();
    expect(await groupNames()).toEqual(['a@example.com']);
    expect(google.asked.get('/token')).toBe(2);
  });

  test.each([
    { status: 429, retryAfter: 0 },
    { status: 503, retryAfter: 0 },
    { status: 503 },
    { status: 403, reason: 'userRateLimitExceeded', retryAfter: 0 },
  ])('that is busy (%j) is asked again', async (failure) => {
    google.groups.set(ANA, ['a@example.com']);
    google.fail({ ...failure, times: 2 });
    await signIn();
    expect(await groupNames()).toEqual(['a@example.com']);
    expect(google.asked.get(GROUPS)).toBe(3);
    expect(fixture.reported).toEqual([]);
  });

  test('that says to wait longer than there is time is not waited for', async () => {
    const options = settings();
    const directory = openDirectory(options, await openServiceAccount(options));
    google.fail({ status: 429, retryAfter: 3600, times: 1 });
    await expect(directory.groupsOf(ANA, performance.now() + 60_000)).rejects.toThrow('429');
    google.fail({ status: 403, reason: 'forbidden', times: 1 });
    await expect(directory.groupsOf(ANA, performance.now() + 60_000)).rejects.toThrow('403 forbidden');
    await expect(directory.groupsOf(ANA, performance.now() - 1)).rejects.toThrow('no time was left');
  });

  test('tells a wrong administrator, key or answer, and never the key', async () => {
    await use({ subject: 'not-an-admin@example.com' });
    await signIn();
    expect(String(fixture.reported)).toContain('400 invalid_grant');
    const elsewhere = settings({ tokenUrl: `${google.url}/nothing` });
    const directory = openDirectory(elsewhere, await openServiceAccount(elsewhere));
    await expect(directory.groupsOf(ANA, performance.now() + 5000)).rejects.toThrow('getting an access token');
    for (const text of [
      '',
      '{}',
      '{"type":"service_account","client_email":"a@b.example","private_key":"BEGIN hunter2"}',
    ]) {
      await writeFile(keyFile, text);
      expect(await refused('invalid_config', openGoogleDirectory(settings()))).not.toContain('hunter2');
    }
    await refused('invalid_config', openGoogleDirectory(settings({ keyFile: join(fixture.folder, 'none') })));
  });
});

describe('groups at sign-in', () => {
  test('are made by their whole address, as groups of Google, and filtered by the prefix', async () => {
    await use({ prefix: 'agnes-' });
    google.groups.set(ANA, ['agnes-sales@example.com', 'lunch@example.com']);
    await signIn();
    expect(await groupNames()).toEqual(['agnes-sales@example.com']);
    const group = await fixture.access.getGroup('agnes-sales@example.com');
    expect(group).toMatchObject({ created_by: 'system:google-sync', is_system: false });
    expect(await fixture.access.listMembers(group.id)).toMatchObject([{ email: ANA, source: 'google_sync' }]);
  });

  test('map to Admin and Everyone, and never take a group that somebody else gave', async () => {
    await use({ adminGroup: 'admins@example.com', everyoneGroup: 'all@example.com' });
    google.groups.set(ANA, ['admins@example.com', 'all@example.com']);
    expect((await signIn()).isAdmin).toBe(true);
    expect((await fixture.access.listGroups()).map(({ name }) => name).sort()).toEqual(['Admin', 'Everyone']);
    await fixture.access.createGroup({ name: 'By Hand' }, adminId);
    await fixture.access.addMember('By Hand', ANA, 'admin', adminId);
    google.groups.set(ANA, []);
    expect((await signIn()).isAdmin).toBe(false);
    expect(await groupNames()).toEqual(['By Hand']);
  });

  test('never let anybody into a group of ours that is called alike', async () => {
    await fixture.access.createGroup({ name: 'Sales@Example.com' }, adminId);
    google.groups.set(ANA, ['sales@example.com', 'ops@example.com']);
    await signIn();
    expect(await groupNames()).toEqual(['ops@example.com']);
    expect(await fixture.access.listMembers('Sales@Example.com')).toEqual([]);
  });

  test('that are none any more are none: an empty answer is an answer', async () => {
    google.groups.set(ANA, ['a@example.com']);
    await signIn();
    google.groups.set(ANA, []);
    await signIn();
    expect(await groupNames()).toEqual([]);
  });

  test('are kept when the call fails, which is reported', async () => {
    google.groups.set(ANA, ['a@example.com']);
    await signIn();
    google.fail({ status: 403, reason: 'forbidden', times: 1 });
    google.groups.set(ANA, []);
    await signIn();
    expect(await groupNames()).toEqual(['a@example.com']);
    expect(String(fixture.reported)).toContain('listing groups failed: 403 forbidden');
    expect(String(fixture.reported)).not.toContain(ANA);
  });

  test('with a prefix let in only who is in one of them; nobody new while Google cannot be asked', async () => {
    await use({ prefix: 'agnes-' });
    google.groups.set(ANA, ['agnes-a@example.com']);
    google.groups.set('bob@example.com', ['lunch@example.com']);
    google.groups.set('cyd@example.com', []);
    await signIn();
    expect(await reasonOf(signIn('bob@example.com'))).toBe('not_in_allowed_group');
    expect(await reasonOf(signIn('cyd@example.com'))).toBe('not_in_allowed_group');
    expect((await auth.listUsers()).map(({ email }) => email)).toEqual([ANA, ADMIN]);
    google.fail({ status: 403, reason: 'forbidden', times: 2 });
    expect(await reasonOf(signIn())).toBe('signed in');
    expect(await reasonOf(signIn('dee@example.com'))).toBe('not_in_allowed_group');
    google.groups.set(ANA, ['lunch@example.com']);
    expect(await reasonOf(signIn())).toBe('not_in_allowed_group');
    expect(await groupNames()).toEqual([]);
  });
});

describe('the look at everybody', () => {
  test('takes a group away without a sign-in, effective on the next request', async () => {
    await use({ adminGroup: 'admins@example.com' });
    google.groups.set(ANA, ['admins@example.com', 'a@example.com']);
    const { user, session } = await signIn();
    const { token } = await auth.createToken(
      {
        userId: user.id,
        email: ANA,
        name: null,
        groups: [],
        groupIds: [],
        isAdmin: true,
        credential: { kind: 'session', id: 's', name: 's', scope: 'general', expires_at: null },
      },
      { name: 'laptop', expires_in_days: null },
    );
    const headers = new Headers({ authorization: `Bearer ${token}` });
    expect((await auth.authenticate(headers, PEER))?.isAdmin).toBe(true);
    google.groups.set(ANA, ['a@example.com']);
    expect(await auth.syncGoogleGroups()).toMatchObject({ people: 1, removed: 1, added: 0, failed: 0 });
    // Who is an administrator no longer signs in anew; an access token is its owner's with what they still may.
    const oldSession = new Headers({ authorization: `Bearer ${session.token}` });
    await refused('invalid_credentials', auth.authenticate(oldSession, PEER));
    const caller = await auth.authenticate(headers, PEER);
    expect(caller?.isAdmin).toBe(false);
    expect(caller?.groups.map(({ name }) => name).sort()).toEqual(['Everyone', 'a@example.com']);
    expect(await auth.syncGoogleGroups()).toMatchObject({ people: 1, removed: 0, added: 0 });
  });

  test('keeps what it could not ask, stops when nothing can be asked, and says how many', async () => {
    for (let n = 0; n < 12; n += 1) {
      google.groups.set(`p${n}@example.com`, ['a@example.com']);
      await signIn(`p${n}@example.com`);
    }
    for (let n = 0; n < 12; n += 1) google.groups.set(`p${n}@example.com`, []);
    google.fail({ status: 403, reason: 'forbidden', times: 1000 });
    const { failed = 0, people } = (await auth.syncGoogleGroups()) ?? {};
    expect(people).toBe(0);
    expect(failed).toBeGreaterThanOrEqual(5);
    expect(failed).toBeLessThan(12);
    expect(await groupNames('p3@example.com')).toEqual(['a@example.com']);
    google.fail({ status: 403, times: 0 });
    expect(await auth.syncGoogleGroups()).toMatchObject({ people: 12, removed: 12, failed: 0 });
  });

  test('goes on where it ran out of time', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      google.groups.set(`${name}@example.com`, []);
      await signIn(`${name}@example.com`);
    }
    const options = settings();
    const asked: string[] = [];
    const real = openDirectory(options, await openServiceAccount(options));
    const groups = createGoogleGroups({
      state: fixture.state,
      settings: options,
      directory: {
        ...real,
        async groupsOf(email, deadline) {
          asked.push(email);
          const found = await real.groupsOf(email, deadline);
          // Everybody who is asked for together uses the time up.
          await new Promise((resolve) => setTimeout(resolve, Math.max(0, deadline - performance.now())));
          return found;
        },
      },
      now: () => fixture.now,
      onError: (error) => void fixture.reported.push(error),
      budgetMs: 1500,
    });
    expect(await groups.syncAll()).toMatchObject({ people: 4 });
    await groups.syncAll();
    expect(new Set(asked).size).toBe(6);
  });

  test('never takes the last administrator away', async () => {
    await use({ adminGroup: 'admins@example.com', checkUsers: true });
    google.groups.set(ANA, ['admins@example.com']);
    const { user } = await signIn();
    await auth.updateUser(ADMIN, { active: false }, user.id);
    google.groups.set(ANA, []);
    await auth.syncGoogleGroups();
    expect(await groupNames()).toEqual(['Admin']);
    google.suspended.add(ANA);
    expect(await auth.syncGoogleGroups()).toMatchObject({ deactivated: 0, failed: 0 });
    expect((await auth.getUser(ANA)).active).toBe(true);
    expect(await fixture.audited()).toEqual(
      expect.arrayContaining(['member.remove last_admin', 'user.deactivate last_admin']),
    );
  });

  test('deactivates whom Google suspended or deleted, and lets back in whom it let back in', async () => {
    await use({ checkUsers: true });
    google.groups.set('bob@example.com', []);
    await signIn();
    await signIn('bob@example.com');
    google.suspended.add(ANA);
    google.groups.delete('bob@example.com');
    expect(await auth.syncGoogleGroups()).toMatchObject({ deactivated: 2 });
    expect(await reasonOf(signIn())).toBe('deactivated');
    google.suspended.delete(ANA);
    expect(await auth.syncGoogleGroups()).toMatchObject({ activated: 1 });
    await signIn();
    // Whom an administrator deactivated stays so.
    await auth.updateUser(ANA, { active: false }, adminId);
    expect(await auth.syncGoogleGroups()).toMatchObject({ activated: 0 });
    expect((await auth.getUser(ANA)).active).toBe(false);
  });

  test('lets nobody back in whom an administrator deactivated as well, before, after or while Google is asked', async () => {
    await use({ checkUsers: true });
    await signIn();
    google.suspended.add(ANA);
    expect(await auth.syncGoogleGroups()).toMatchObject({ deactivated: 1 });
    await auth.updateUser(ANA, { active: false }, adminId);
    google.suspended.delete(ANA);
    expect(await auth.syncGoogleGroups()).toMatchObject({ activated: 0 });
    expect((await auth.getUser(ANA)).active).toBe(false);

    await auth.updateUser(ANA, { active: true }, adminId);
    google.suspended.add(ANA);
    expect(await auth.syncGoogleGroups()).toMatchObject({ deactivated: 1 });
    google.suspended.delete(ANA);
    const looking = auth.syncGoogleGroups();
    await auth.updateUser(ANA, { active: false }, adminId);
    await looking;
    await auth.updateUser(ANA, { active: false }, adminId);
    await auth.syncGoogleGroups();
    expect((await auth.getUser(ANA)).active).toBe(false);
  });

  test('is nothing where Google groups are not configured', async () => {
    expect(await fixture.auth().syncGoogleGroups()).toBeUndefined();
  });
});
