import { schema } from '@agnes/state';
import { type SmtpServer, startSmtpServer } from '@agnes/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Auth, createBreakGlass } from './index.ts';
import { issueOneTimeToken } from './one-time-tokens.ts';
import { ADMIN, type Fixture, openFixture, PASSWORD, PEER, SERVER_URL } from './testing/fixture.ts';
import { refused } from './testing/refusals.ts';
import { mailTo } from './testing/sign-in-settings.ts';

const OTHER = { ip: '198.51.100.7', userAgent: null };
const ANA = 'ana@example.com';
const ROUNDS = 25;

let fixture: Fixture;
let smtp: SmtpServer;
let auth: Auth;
let adminId: string;
let mails: number;

beforeAll(async () => {
  fixture = await openFixture();
  smtp = await startSmtpServer();
});
afterAll(async () => {
  await smtp[Symbol.asyncDispose]();
  await fixture[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await fixture.reset();
  mails = (await smtp.received()).length;
  auth = fixture.auth({ signIn: mailTo(smtp.port) });
  await auth.seedAdmin({ email: ADMIN, password: PASSWORD });
  adminId = (await auth.getUser(ADMIN)).id;
  await auth.createUser({ email: ANA }, adminId);
});

const bearer = (token: string): Headers => new Headers({ authorization: `Bearer ${token}` });

/** The token of the newest mail, taken from its text as a person would. */
async function mailedToken(page = '/login/link'): Promise<string> {
  await auth.settled();
  mails += 1;
  const mail = (await smtp.waitFor(mails)).at(-1)?.mail;
  const [url = ''] = /https:\/\/\S+/.exec(mail?.text ?? '') ?? [];
  expect(url.startsWith(`${SERVER_URL}${page}?token=`)).toBe(true);
  expect(mail?.html).toContain(`href="${url}"`);
  return new URL(url).searchParams.get('token') ?? '';
}

const tokenIn = (url: string): string => new URL(url).searchParams.get('token') ?? '';

async function magicLink(): Promise<string> {
  await auth.requestMagicLink(ANA, PEER);
  return mailedToken();
}

describe('a sign-in link', () => {
  test('comes by mail and signs in once', async () => {
    const token = await magicLink();
    const { session, user, isAdmin } = await auth.consumeMagicLink(token, PEER, ANA);
    expect({ email: user.email, isAdmin }).toEqual({ email: ANA, isAdmin: false });
    const caller = await auth.authenticate(bearer(session.token), PEER);
    expect(caller?.credential).toMatchObject({ kind: 'session', method: 'magic_link' });
    await refused('invalid_credentials', auth.consumeMagicLink(token, PEER));
    expect(await fixture.audited()).toContain('auth.sign_in invalid_credentials');
  });

  test('is in the database as a hash only', async () => {
    const token = await magicLink();
    const rows = await fixture.state.db.select().from(schema.oneTimeTokens);
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(token);
    expect(JSON.stringify(await fixture.state.db.select().from(schema.auditLog))).not.toContain(token);
  });

  test('of two at once lets one in', async () => {
    const { id } = await auth.getUser(ANA);
    const another = fixture.auth();
    let sessions = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const link = { userId: id, purpose: 'magic_link', by: null, at: fixture.now } as const;
      const token = await fixture.state.write((tx) => issueOneTimeToken(tx, link));
      const peer = { ip: `192.0.2.${round}`, userAgent: null };
      const results = await Promise.allSettled([
        auth.consumeMagicLink(token, peer),
        another.consumeMagicLink(token, peer),
      ]);
      sessions += results.filter(({ status }) => status === 'fulfilled').length;
    }
    expect(sessions).toBe(ROUNDS);
    process.stdout.write(`one-time links: ${ROUNDS} used twice at the same moment, ${sessions} sessions\n`);
  });

  test('is over after a quarter of an hour', async () => {
    const token = await magicLink();
    fixture.pass(15 * 60);
    await refused('invalid_credentials', auth.consumeMagicLink(token, PEER));
  });

  test('is for its purpose and person only', async () => {
    const token = await magicLink();
    await refused('invalid_credentials', auth.setPasswordByToken({ token, password: PASSWORD }, PEER));
    await refused(
      'invalid_credentials',
      auth.consumeMagicLink(tokenIn((await auth.inviteUser(ANA, adminId)).url), PEER),
    );
    mails += 1;
    const again = await magicLink();
    await refused('invalid_credentials', auth.consumeMagicLink(again, PEER, ADMIN));
  });

  test('does not cancel a link for something else, nor an earlier one', async () => {
    const invite = tokenIn((await auth.inviteUser(ANA, adminId)).url);
    mails += 1;
    const first = await magicLink();
    const second = await magicLink();
    await auth.consumeMagicLink(second, PEER);
    await auth.consumeMagicLink(first, PEER);
    await auth.setPasswordByToken({ token: invite, password: PASSWORD }, PEER);
  });

  test('lets no deactivated account in, and none that is gone', async () => {
    const token = await magicLink();
    const other = await magicLink();
    await auth.updateUser(ANA, { active: false }, adminId);
    await refused('account_deactivated', auth.consumeMagicLink(token, PEER));
    await auth.deleteUser(ANA, adminId);
    await refused('invalid_credentials', auth.consumeMagicLink(other, PEER));
  });

  test.each([
    ['nothing', ''],
    ['one letter', 'x'],
    ['the right length', 'a'.repeat(43)],
    ['much too long', 'a'.repeat(10_000)],
    ['SQL', "' OR 1=1 --"],
    ['a NUL', `${'a'.repeat(42)}\u0000`],
    ['other letters', 'ä'.repeat(43)],
  ])('that nobody was sent is refused: %s', async (_what, token) => {
    await refused('invalid_credentials', auth.consumeMagicLink(token, PEER));
  });
});

describe('asking for a link', () => {
  test('answers alike whether there is an account, and leaves all else for afterwards', async () => {
    await auth.createUser({ email: 'gone@example.com' }, adminId);
    await auth.updateUser('gone@example.com', { active: false }, adminId);
    const writes = async (): Promise<number> => (await fixture.state.db.select().from(schema.oneTimeTokens)).length;
    for (const email of [ANA, 'nobody@example.com', 'gone@example.com']) {
      expect(await auth.requestMagicLink(email, PEER)).toBeUndefined();
      // Nothing of it has begun when the answer is there: its time cannot tell.
      expect(await writes()).toBe(0);
      await auth.settled();
      await fixture.state.write((tx) => tx.delete(schema.oneTimeTokens));
    }
    expect((await smtp.received()).length - mails).toBe(1);
    expect(await fixture.audited()).toEqual(
      expect.arrayContaining(['auth.link ok', 'auth.link user_not_found', 'auth.link account_deactivated']),
    );
  });

  test('of nobody, or with a wrong link, is noted where refusals are kept from filling the audit log', async () => {
    const noted: string[] = [];
    auth = fixture.auth({
      signIn: mailTo(smtp.port),
      noteRefusal: async ({ action, result, ip }) => void noted.push(`${action} ${result} ${ip}`),
    });
    await auth.requestMagicLink('nobody@example.com', PEER);
    await auth.requestPasswordReset('nobody@example.com', PEER);
    await auth.settled();
    await refused('invalid_credentials', auth.consumeMagicLink('wrong', OTHER));
    expect(noted).toEqual([
      `auth.link user_not_found ${PEER.ip}`,
      `auth.link user_not_found ${PEER.ip}`,
      `auth.sign_in invalid_credentials ${OTHER.ip}`,
    ]);
    const audited = (await fixture.audited()).filter((row) => /^auth\..* (?!ok)/.test(row));
    expect(audited).toEqual([]);
  });

  test('is limited by address and by account, known or not', async () => {
    for (const email of [ANA, 'nobody@example.com']) {
      for (let n = 0; n < 5; n += 1) await auth.requestPasswordReset(email, { ip: `192.0.2.${n}`, userAgent: null });
      await refused('too_many_requests', auth.requestPasswordReset(email, OTHER));
    }
    for (let n = 0; n < 5; n += 1)
      await auth.requestMagicLink(`n${n}@example.com`, { ip: '203.0.113.9', userAgent: null });
    await refused('too_many_requests', auth.requestMagicLink('n9@example.com', { ip: '203.0.113.9', userAgent: null }));
    await auth.settled();
  });

  test('is refused without a mail server', async () => {
    const without = fixture.auth();
    expect(without.sendsMail).toBe(false);
    expect(await refused('sign_in_unavailable', without.requestMagicLink(ANA, PEER))).toContain('SMTP_HOST');
    await refused('sign_in_unavailable', without.requestPasswordReset(ANA, PEER));
  });
});

describe('a link to set a password', () => {
  test('sets it, ends every session and link of the account, and signs in', async () => {
    const before = await auth.consumeMagicLink(await magicLink(), PEER);
    const left = await magicLink();
    await auth.requestPasswordReset(ANA, OTHER);
    const token = await mailedToken('/login/password');
    const { session } = await auth.setPasswordByToken({ token, password: PASSWORD, name: 'Ana' }, PEER);
    await refused('invalid_credentials', auth.authenticate(bearer(before.session.token), PEER));
    await refused('invalid_credentials', auth.consumeMagicLink(left, PEER));
    await refused('invalid_credentials', auth.setPasswordByToken({ token, password: PASSWORD }, PEER));
    expect(await auth.authenticate(bearer(session.token), PEER)).toMatchObject({ name: 'Ana' });
    await auth.signIn(ANA, PASSWORD, OTHER);
  });

  test('stays good when the password is too weak', async () => {
    const token = tokenIn((await auth.resetPassword(ANA, adminId)).url);
    mails += 1;
    await refused('weak_password', auth.setPasswordByToken({ token, password: 'short' }, PEER));
    await auth.setPasswordByToken({ token, password: PASSWORD }, PEER);
  });

  test('ends a pause after wrong passwords', async () => {
    await auth.setPassword(ANA, PASSWORD, adminId);
    for (let n = 0; n < 10; n += 1) await refused('invalid_credentials', auth.signIn(ANA, 'wrong password', PEER));
    await refused('too_many_requests', auth.signIn(ANA, PASSWORD, PEER));
    const token = tokenIn((await auth.resetPassword(ANA, adminId)).url);
    await auth.setPasswordByToken({ token, password: 'another one of these' }, PEER);
    await auth.signIn(ANA, 'another one of these', PEER);
  });

  test('is taken back when an administrator sets a password', async () => {
    const token = tokenIn((await auth.resetPassword(ANA, adminId)).url);
    await auth.setPassword(ANA, PASSWORD, adminId);
    await refused('invalid_credentials', auth.setPasswordByToken({ token, password: PASSWORD }, PEER));
  });

  test('is taken back when whoever runs the server sets a password, and when the account was deactivated', async () => {
    const token = tokenIn((await auth.resetPassword(ANA, adminId)).url);
    await createBreakGlass({ state: fixture.state, serverUrl: SERVER_URL }).setPassword(ANA, PASSWORD);
    await refused('invalid_credentials', auth.setPasswordByToken({ token, password: PASSWORD }, PEER));
    const other = tokenIn((await auth.resetPassword(ANA, adminId)).url);
    await auth.updateUser(ANA, { active: false }, adminId);
    await auth.updateUser(ANA, { active: true }, adminId);
    await refused('invalid_credentials', auth.setPasswordByToken({ token: other, password: PASSWORD }, PEER));
  });

  test.each([
    ['password_reset', 24 * 3600],
    ['invite', 7 * 24 * 3600],
  ] as const)('of the kind %s lasts as long as it says', async (purpose, seconds) => {
    const make = () => (purpose === 'invite' ? auth.inviteUser(ANA, adminId) : auth.resetPassword(ANA, adminId));
    const [early, late] = [tokenIn((await make()).url), tokenIn((await make()).url)];
    fixture.pass(seconds);
    await refused('invalid_credentials', auth.setPasswordByToken({ token: late, password: PASSWORD }, PEER));
    fixture.pass(-1);
    await auth.setPasswordByToken({ token: early, password: PASSWORD }, PEER);
  });
});

describe('an invitation', () => {
  test('is mailed and in the answer, so that it can be handed over', async () => {
    const { url, sent } = await auth.inviteUser(ANA, adminId);
    expect(sent).toBe(true);
    expect(await mailedToken('/login/password')).toBe(tokenIn(url));
    const { user } = await auth.setPasswordByToken({ token: tokenIn(url), password: PASSWORD, email: ANA }, PEER);
    expect(user.email).toBe(ANA);
  });

  test('says that no mail went out when there is no mail server, or it refuses', async () => {
    expect(await fixture.auth().inviteUser(ANA, adminId)).toMatchObject({ sent: false });
    await using refusing = await startSmtpServer({ refuseRecipients: true });
    const other = fixture.auth({ signIn: mailTo(refusing.port) });
    expect(await other.inviteUser(ANA, adminId)).toMatchObject({ sent: false });
    expect(other.mailCounts()).toEqual({ sent: 0, failed: 1, last_failed: true });
    await other.settled();
    expect(String(fixture.reported)).toContain('EENVELOPE');
    expect(String(fixture.reported)).not.toContain(ANA);
  });

  test('is not for an account that has a password', async () => {
    await refused('user_exists', auth.inviteUser(ADMIN, adminId));
  });
});

describe('an account that an identity provider answers for', () => {
  test('gets no link and no password by mail, nor a password from an administrator', async () => {
    const { id } = await auth.getUser(ANA);
    const at = fixture.now;
    await fixture.state.write((tx) =>
      tx
        .insert(schema.userIdentities)
        .values({ provider: 'corp', subject: 's', user_id: id, email: ANA, created_at: at, last_used_at: at }),
    );
    await auth.requestPasswordReset(ANA, PEER);
    await auth.requestMagicLink(ANA, PEER);
    await auth.settled();
    expect((await smtp.received()).length).toBe(mails);
    await refused('sso_account', auth.resetPassword(ANA, adminId));
    await refused('sso_account', auth.inviteUser(ANA, adminId));
    await refused('sso_account', auth.setPassword(ANA, PASSWORD, adminId));
    await refused('invalid_credentials', auth.signIn(ANA, PASSWORD, PEER));
    // Whoever runs the server gets in past a provider that is gone.
    await createBreakGlass({ state: fixture.state, serverUrl: SERVER_URL }).setPassword(ANA, PASSWORD);
    await auth.signIn(ANA, PASSWORD, PEER);
  });
});

test('used and expired links are forgotten, those that are good stay', async () => {
  await auth.consumeMagicLink(await magicLink(), PEER);
  await magicLink();
  fixture.pass(16 * 60);
  const token = await magicLink();
  expect(await auth.sweepLinks()).toBe(2);
  await auth.consumeMagicLink(token, PEER);
});
