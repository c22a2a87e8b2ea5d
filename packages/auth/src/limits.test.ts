import { schema } from '@agnes/state';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addressGroup } from './address-group.ts';
import { ADMIN, PASSWORD, PEER } from './testing/fixture.ts';
import { type OpenedAuth, openAuth } from './testing/open-auth.ts';
import { refused, waitOf } from './testing/refusals.ts';

let opened: OpenedAuth;
beforeAll(async () => {
  opened = await openAuth();
});
afterAll(() => opened[Symbol.asyncDispose]());
beforeEach(() => opened.reset());

const from = (ip: string) => ({ ip, userAgent: null });
const guess = (email: string, ip: string) => waitOf(opened.auth.signIn(email, 'a wrong password', from(ip)));
async function guesses(count: number, email: string, ip: string): Promise<number[]> {
  const waits: number[] = [];
  for (let n = 0; n < count; n += 1) waits.push(await guess(email, ip));
  return waits;
}

describe('limits', () => {
  const many = (work: () => Promise<void>, count: number) => Promise.all(Array.from({ length: count }, work));
  const device = () => opened.auth.limits.count('device_start', 'x');

  test('let through what is allowed in a window, also at once, and then say when to come back', async () => {
    await many(device, 10);
    expect(await waitOf(device())).toBe(60);
    opened.pass(59);
    expect(await waitOf(device())).toBe(1);
    opened.pass(1);
    await device();
    await opened.auth.limits.count('device_start', 'y');
  });

  test('are remembered by a server that was started again', async () => {
    await many(device, 10);
    opened.restart();
    expect(await waitOf(device())).toBe(60);
  });

  test('write nothing for what they refuse', async () => {
    await many(device, 10);
    const rows = () => opened.state.db.select().from(schema.attempts);
    const before = await rows();
    opened.restart();
    for (let n = 0; n < 3; n += 1) expect(await waitOf(device())).toBeGreaterThan(0);
    expect(await rows()).toEqual(before);
  });

  test('give attempts back, and forget them', async () => {
    const { limits } = opened.auth;
    await many(device, 10);
    await opened.state.write((tx) => limits.giveBack(tx, 'device_start', 'x'));
    await device();
    expect(await waitOf(device())).toBe(60);
    await opened.state.write((tx) => limits.forget(tx, 'device_start', 'x'));
    await many(device, 10);
  });

  test('sweep rows that are over, and say nothing of whose they were', async () => {
    await opened.auth.limits.count('mail_account', 'ana@example.com');
    await opened.auth.limits.count('device_start', '192.0.2.7');
    const kept = await opened.state.db.select().from(schema.attempts);
    expect(kept).toHaveLength(2);
    expect(JSON.stringify(kept)).not.toMatch(/ana|192/);
    opened.pass(61);
    await opened.auth.limits.sweep();
    expect((await opened.state.db.select().from(schema.attempts)).map(({ key }) => key.split(':')[0])).toEqual([
      'mail_account',
    ]);
  });

  test('can be switched off', async () => {
    opened.restart({ limited: false });
    await many(device, 50);
    expect(await guesses(15, ADMIN, '192.0.2.1')).toEqual(Array(15).fill(0));
  });
});

describe('an account that is being guessed at', () => {
  test('takes no more guesses from that address for a minute, then twice as long each time, a quarter of an hour at most', async () => {
    expect(await guesses(11, ADMIN, '192.0.2.1')).toEqual([...Array(10).fill(0), 60]);
    const pauses: number[] = [];
    for (let n = 0; n < 6; n += 1) {
      const wait = await guess(ADMIN, '192.0.2.1');
      pauses.push(wait);
      opened.pass(wait);
      expect(await guess(ADMIN, '192.0.2.1')).toBe(0);
    }
    expect(pauses).toEqual([60, 120, 240, 480, 900, 900]);
  });

  test('is told apart from no other account, also one that does not exist', async () => {
    const unknown = await guesses(12, 'nobody@example.com', '192.0.2.1');
    opened.pass(60);
    expect(await guesses(12, ADMIN, '192.0.2.1')).toEqual(unknown);
  });

  test('is not tried more often by many guesses at the same moment', async () => {
    const waits = await Promise.all(Array.from({ length: 25 }, () => guess(ADMIN, '192.0.2.1')));
    expect(waits.filter((wait) => wait === 0)).toHaveLength(10);
  });

  test('lets its person in from another address, and forgets the failures of an address from which they get in', async () => {
    await guesses(9, ADMIN, '192.0.2.1');
    await opened.auth.signIn(ADMIN, PASSWORD, from('192.0.2.1'));
    expect(await guesses(11, ADMIN, '192.0.2.1')).toEqual([...Array(10).fill(0), 60]);
    await opened.auth.signIn(ADMIN, PASSWORD, from('192.0.2.2'));
  });

  test('keeps its open sessions and its tokens', async () => {
    const { session, caller } = await opened.signIn();
    const { token } = await opened.auth.createToken(caller, { name: 'laptop' });
    await guesses(11, ADMIN, '192.0.2.1');
    await opened.callerOf(session.token);
    await opened.callerOf(token);
  });

  /** Fills the hour of an account from addresses of all over the world, each of which stays under its own limit. */
  async function attackFromEverywhere(): Promise<void> {
    for (let network = 0; network < 5; network += 1) {
      expect(await guesses(10, ADMIN, `198.51.100.${network}`)).toEqual(Array(10).fill(0));
    }
    expect(await guess(ADMIN, '198.51.100.99')).toBeGreaterThan(3000);
  }

  test('from many addresses is closed to new places for the rest of the hour, and never to where its person was before', async () => {
    await opened.auth.signIn(ADMIN, PASSWORD, from('2001:db8:1:2::1'));
    await attackFromEverywhere();
    opened.restart();
    await refused('too_many_requests', opened.auth.signIn(ADMIN, PASSWORD, from('203.0.113.5')));
    await opened.auth.signIn(ADMIN, PASSWORD, from('2001:db8:1:2::ffff'));
    expect(await guesses(11, ADMIN, '2001:db8:1:2::2')).toEqual([...Array(10).fill(0), 60]);
    // However often somebody asks, the hour ends, and leaves no failure to whom it refused.
    opened.pass(1800);
    const wait = await guess(ADMIN, '203.0.113.5');
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(1800);
    opened.pass(wait);
    await opened.auth.signIn(ADMIN, PASSWORD, from('203.0.113.5'));
  });

  test('is open again at once after somebody set its password', async () => {
    await attackFromEverywhere();
    await opened.auth.setPassword(ADMIN, 'a new password for it', 'root');
    await opened.auth.signIn(ADMIN, 'a new password for it', from('198.51.100.0'));
  });
});

test('one address may guess at few accounts a minute, and right sign-ins do not count', async () => {
  for (let n = 0; n < 3; n += 1) await opened.auth.signIn(ADMIN, PASSWORD, PEER);
  for (let n = 0; n < 58; n += 1) await opened.auth.limits.count('sign_in_address', '192.0.2.1');
  await opened.auth.signIn(ADMIN, PASSWORD, PEER);
  const waits: number[] = [];
  for (let n = 0; n < 3; n += 1) waits.push(await guess(`person${n}@example.com`, '192.0.2.1'));
  expect(waits).toEqual([0, 0, 60]);
  expect(await guess('person4@example.com', '192.0.2.2')).toBe(0);
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:0:0:ffff::', '2001:db8:0:0::/64'],
  ['2001:0DB8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['1:2:3:4::192.0.2.1', '1:2:3:4::/64'],
])('the address %s counts as %s', (ip, group) => {
  expect(addressGroup(ip)).toBe(group);
});
