import { schema } from '@agnes/state';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { MOST_DEVICE_LOGINS } from './device-rows.ts';
import type { Caller } from './index.ts';
import { ADMIN, PASSWORD, PEER } from './testing/fixture.ts';
import { type OpenedAuth, openAuth } from './testing/open-auth.ts';
import { refused, waitOf } from './testing/refusals.ts';

const DEVICE = { ip: '198.51.100.7', userAgent: 'agnes/1.2.3' };
let opened: OpenedAuth;
beforeAll(async () => {
  opened = await openAuth();
});
afterAll(() => opened[Symbol.asyncDispose]());
beforeEach(() => opened.reset());

const start = () => opened.auth.devices.start('agnes on a laptop', DEVICE);
const poll = (code: string) => opened.auth.finishDeviceLogin(code, DEVICE);

test('a device waits until somebody lets it in, and is them from then on, once', async () => {
  const { deviceCode, userCode, intervalSeconds } = await start();
  expect(userCode).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
  await refused('authorization_pending', poll(deviceCode));
  const { caller, user } = await opened.signIn();
  const typed = ` ${userCode.toLowerCase().replace('-', ' ')} `;
  expect(await opened.auth.devices.find(typed, caller)).toEqual({
    client_name: 'agnes on a laptop',
    created_ip: DEVICE.ip,
    created_at: opened.clock,
  });
  await opened.auth.devices.answer(typed, 'approved', caller, PEER);
  opened.pass(intervalSeconds);
  const { session, isAdmin } = await poll(deviceCode);
  expect(isAdmin).toBe(true);
  expect(session).toMatchObject({ auth_method: 'device', created_ip: DEVICE.ip, user_agent: DEVICE.userAgent });
  expect(await opened.callerOf(session.token)).toMatchObject({ userId: user.id, email: ADMIN });
  opened.pass(intervalSeconds);
  await refused('device_login_expired', poll(deviceCode));
  await refused('device_code_unknown', opened.auth.devices.answer(userCode, 'approved', caller, PEER));
  expect(await opened.audited('auth.device_approve')).toMatchObject([
    { user_id: user.id, ip: PEER.ip, params: { device_ip: DEVICE.ip } },
  ]);
});

test('of two questions at once after the approval one gets the session', async () => {
  const { deviceCode, userCode } = await start();
  const { caller } = await opened.signIn();
  await opened.auth.devices.answer(userCode, 'approved', caller, PEER);
  const results = await Promise.allSettled([poll(deviceCode), poll(deviceCode)]);
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(await opened.state.db.select().from(schema.accessTokens)).toHaveLength(2);
});

test('a device that was turned away, came too late or has no such code gets no session', async () => {
  const { caller } = await opened.signIn();
  const denied = await start();
  await opened.auth.devices.answer(denied.userCode, 'denied', caller, PEER);
  await refused('device_login_denied', poll(denied.deviceCode));
  await refused('device_code_unknown', opened.auth.devices.answer(denied.userCode, 'approved', caller, PEER));

  const late = await start();
  opened.pass(late.expiresInSeconds);
  await refused('device_code_unknown', opened.auth.devices.find(late.userCode, caller));
  const answers = [
    await refused('device_login_expired', poll(late.deviceCode)),
    await refused('device_login_expired', poll('nothing that was given out')),
    await refused('device_login_expired', poll(late.userCode)),
  ];
  expect(new Set(answers).size).toBe(1);

  const unused = await start();
  await opened.auth.devices.answer(unused.userCode, 'approved', caller, PEER);
  opened.pass(unused.expiresInSeconds);
  await refused('device_login_expired', poll(unused.deviceCode));
});

test('nobody is let in as somebody whose account was deactivated meanwhile', async () => {
  const ana = await opened.person('ana@example.com');
  const { caller } = await opened.signIn('ana@example.com');
  const { deviceCode, userCode } = await start();
  await opened.auth.devices.answer(userCode, 'approved', caller, PEER);
  await opened.auth.updateUser(ana, { active: false }, 'root');
  await refused('device_login_expired', poll(deviceCode));
  await opened.auth.updateUser(ana, { active: true }, 'root');
  await refused('device_login_expired', poll(deviceCode));
});

test('a device that waits for its session gets none once the sessions of who let it in are ended', async () => {
  const ana = await opened.person('ana@example.com');
  const ends: ((caller: Caller) => Promise<unknown>)[] = [
    () =>
      opened.auth
        .setPassword(ana, 'another pass phrase', 'root')
        .then(() => opened.auth.setPassword(ana, PASSWORD, 'root')),
    () => opened.auth.sessions.endAll(ana, { by: 'root' }),
    ({ credential }) => opened.auth.sessions.endAll(ana, { by: ana, except: credential.id }),
    ({ credential }) => opened.auth.sessions.end(credential.id, { owner: ana, by: ana }),
    () => opened.access.addMember('Admin', ana, 'admin', 'root'),
    () => opened.access.removeMember('Admin', ana, 'admin', 'root'),
  ];
  for (const end of ends) {
    const { caller } = await opened.signIn('ana@example.com');
    const { deviceCode, userCode } = await start();
    await opened.auth.devices.answer(userCode, 'approved', caller, PEER);
    await end(caller);
    await refused('device_login_expired', poll(deviceCode));
  }
});

test('an access token lets nobody in', async () => {
  const { caller } = await opened.signIn();
  const { token } = await opened.auth.createToken(caller, { name: 'laptop' });
  const { userCode } = await start();
  const byToken = await opened.callerOf(token);
  await refused('session_required', opened.auth.devices.answer(userCode, 'approved', byToken, PEER));
});

test('who asks too often is told to slow down, and costs the state nothing', async () => {
  const { deviceCode } = await start();
  await refused('authorization_pending', poll(deviceCode));
  const rows = await opened.state.db.select().from(schema.deviceLogins);
  opened.pass(1);
  await refused('slow_down', poll(deviceCode));
  opened.pass(5);
  await refused('authorization_pending', poll(deviceCode));
  expect(await opened.state.db.select().from(schema.deviceLogins)).toEqual(rows);
});

test('codes cannot be guessed in numbers, nor logins begun, and neither code is kept in clear', async () => {
  const { caller } = await opened.signIn();
  const { deviceCode, userCode } = await start();
  const kept = JSON.stringify(await opened.state.db.select().from(schema.deviceLogins));
  expect(kept).not.toContain(deviceCode);
  expect(kept).not.toContain(userCode.slice(0, 4));
  for (let n = 0; n < 10; n += 1) {
    await refused('device_code_unknown', opened.auth.devices.answer('BBBB-BBBB', 'approved', caller, PEER));
  }
  expect(await waitOf(opened.auth.devices.answer(userCode, 'approved', caller, PEER))).toBe(600);
  for (let n = 0; n < 9; n += 1) await start();
  expect(await waitOf(start())).toBe(60);
});

test('logins that are over are forgotten when another one begins', async () => {
  const first = await start();
  opened.pass(first.expiresInSeconds);
  await start();
  expect(await opened.state.db.select().from(schema.deviceLogins)).toHaveLength(1);
});

test('who fills the list of waiting devices pushes out their own, not those of others', async () => {
  const { deviceCode } = await start();
  const { deviceLogins } = schema;
  await opened.state.write(async (tx) => {
    const [mine] = await tx.select().from(deviceLogins);
    if (mine === undefined) throw new Error('A device waits.');
    const theirs = Array.from({ length: MOST_DEVICE_LOGINS - 1 }, (_, index) => ({
      ...mine,
      id: `theirs-${index}`,
      device_code_hash: `device-${index}`,
      user_code_hash: `user-${index}`,
      // Six addresses, of which each has more than one.
      created_ip: `203.0.113.${index % 6}`,
      created_at: new Date(mine.created_at.getTime() + 1000 + index),
    }));
    await tx.insert(deviceLogins).values(theirs);
  });
  await opened.auth.devices.start('one more', { ip: '203.0.113.0', userAgent: null });
  const ids = (await opened.state.db.select({ id: deviceLogins.id }).from(deviceLogins)).map(({ id }) => id);
  expect(ids).toHaveLength(MOST_DEVICE_LOGINS);
  expect(ids).not.toContain('theirs-0');
  await refused('authorization_pending', poll(deviceCode));
});
