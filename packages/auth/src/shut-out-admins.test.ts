import type { SignInSettings } from '@agnes/config';
import { ADMIN_GROUP_ID, insertMember } from '@agnes/rbac';
import { schema } from '@agnes/state';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { oidcSource } from './sso-managed.ts';
import { ADMIN, type Fixture, openFixture, PASSWORD } from './testing/fixture.ts';
import { mailTo, oidcSettings } from './testing/sign-in-settings.ts';

const PROVIDER = { issuer: 'https://sso.example.com', clientId: 'agnes', clientSecret: 'x' };
const withProvider = (domains: readonly string[]): SignInSettings => ({
  mail: undefined,
  oidc: [oidcSettings(PROVIDER, { allowedDomains: domains })],
  googleGroups: undefined,
});

let fixture: Fixture;
beforeAll(async () => {
  fixture = await openFixture();
});
afterAll(() => fixture[Symbol.asyncDispose]());
beforeEach(() => fixture.reset());

const shutOut = (signIn?: SignInSettings) => fixture.auth(signIn === undefined ? {} : { signIn }).shutOutAdmins();

test('an administrator without a password is shut out unless something else lets them in', async () => {
  const auth = fixture.auth();
  await auth.seedAdmin({ email: ADMIN });
  expect(await shutOut()).toEqual([ADMIN]);
  expect(await shutOut(withProvider(['elsewhere.example']))).toEqual([ADMIN]);
  expect(await shutOut(withProvider(['example.com']))).toBeUndefined();
  expect(await shutOut(withProvider([]))).toBeUndefined();
  expect(await shutOut(mailTo(25))).toBeUndefined();
  expect(await fixture.auth({ localDevEmail: 'dev@localhost' }).shutOutAdmins()).toBeUndefined();
  await auth.seedAdmin({ email: ADMIN, password: PASSWORD });
  expect(await shutOut()).toBeUndefined();
});

test('mail is no way in for whom a provider answers for, and a password of a deactivated administrator is none', async () => {
  const auth = fixture.auth();
  await auth.seedAdmin({ email: ADMIN });
  const { id } = await auth.getUser(ADMIN);
  const other = await auth.createUser({ email: 'other@example.com', password: PASSWORD }, id);
  await fixture.state.write(async (tx) => {
    await insertMember(tx, { groupId: ADMIN_GROUP_ID, userId: id, source: oidcSource('gone') }, null);
    await insertMember(tx, { groupId: ADMIN_GROUP_ID, userId: other.id, source: 'admin' }, null);
  });
  expect(await shutOut(mailTo(25))).toBeUndefined();
  const { users } = schema;
  await fixture.state.write((tx) => tx.update(users).set({ active: false }).where(eq(users.id, other.id)));
  expect(await shutOut(mailTo(25))).toEqual([ADMIN]);
  await fixture.state.write((tx) => tx.update(users).set({ active: false }));
  expect(await shutOut(mailTo(25))).toEqual([]);
});
