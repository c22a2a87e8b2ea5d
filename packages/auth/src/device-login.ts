import { AgnesError } from '@agnes/errors';
import { recordAudit } from '@agnes/rbac';
import { newId, type State, schema } from '@agnes/state';
import { eq } from 'drizzle-orm';
import { addressGroup } from './address-group.ts';
import type { Caller } from './caller.ts';
import { createUserCode, type DeviceLogin, hashUserCode, pruneDeviceLogins, waitingLogin } from './device-rows.ts';
import type { Limits } from './limits.ts';
import { type NewSession, startSession } from './sessions.ts';
import { hashToken, randomText } from './token-format.ts';
import { accountDeactivated, type Peer } from './ways-in.ts';

export interface StartedDeviceLogin {
  /** The device's own secret, by which it asks. */
  readonly deviceCode: string;
  /** For the person to type or confirm. */
  readonly userCode: string;
  readonly expiresInSeconds: number;
  readonly intervalSeconds: number;
}

/** Sign-in of a device without a browser, approved by somebody who is signed in on another (RFC 8628). */
export interface DeviceLogins {
  /** Throws `too_many_requests`. */
  start(clientName: string, peer: Peer): Promise<StartedDeviceLogin>;
  /**
   * The session, once, after somebody approved. Throws `authorization_pending`, `slow_down`, `device_login_denied`,
   * `device_login_expired` (unknown and used ones alike), `account_deactivated`.
   */
  poll(deviceCode: string, peer: Peer): Promise<NewSession>;
  /** What waits with a code, to be shown before it is approved. Throws `device_code_unknown`, `too_many_requests`. */
  find(userCode: string, caller: Caller): Promise<Pick<DeviceLogin, 'client_name' | 'created_ip' | 'created_at'>>;
  /** Lets the device in as the caller, or turns it away. Throws as `find`, and `session_required`. */
  answer(userCode: string, answer: 'approved' | 'denied', caller: Caller, peer: Peer): Promise<void>;
}

interface Options {
  readonly state: State;
  readonly limits: Limits;
  readonly now: () => Date;
  readonly sessionHours: number;
}

const LIFE_SECONDS = 15 * 60;
const INTERVAL_SECONDS = 5;
const DEVICE_CODE_LENGTH = 43;
const MOST_POLLING = 10_000;

export function createDeviceLogins({ state, limits, now, sessionHours }: Options): DeviceLogins {
  const { deviceLogins } = schema;
  /** When each device asked last. In memory: a question costs the state no write. */
  const polledAt = new Map<string, number>();

  const heldBack = (hash: string): void => {
    const at = now().getTime();
    const before = polledAt.get(hash);
    if (polledAt.size >= MOST_POLLING) polledAt.clear();
    polledAt.set(hash, at);
    // A second less than agreed, for a network that brings two questions closer together.
    if (before !== undefined && at - before < (INTERVAL_SECONDS - 1) * 1000) throw slowDown();
  };

  return {
    async start(clientName, peer) {
      await limits.count('device_start', addressGroup(peer.ip));
      const deviceCode = randomText(DEVICE_CODE_LENGTH);
      const userCode = createUserCode();
      await state.write(async (tx) => {
        const at = now();
        await pruneDeviceLogins(tx, at);
        await tx.insert(deviceLogins).values({
          id: newId(),
          device_code_hash: hashToken(deviceCode),
          user_code_hash: hashUserCode(userCode),
          client_name: clientName,
          status: 'pending',
          user_id: null,
          created_ip: peer.ip,
          created_at: at,
          expires_at: new Date(at.getTime() + LIFE_SECONDS * 1000),
        });
      });
      return { deviceCode, userCode, expiresInSeconds: LIFE_SECONDS, intervalSeconds: INTERVAL_SECONDS };
    },

    async poll(deviceCode, peer) {
      const hash = hashToken(deviceCode);
      const mine = eq(deviceLogins.device_code_hash, hash);
      const [waiting] = await state.db.select().from(deviceLogins).where(mine);
      if (waiting === undefined || waiting.status === 'used' || waiting.expires_at <= now()) throw expired();
      heldBack(hash);
      if (waiting.status === 'pending') throw pending();
      if (waiting.status === 'denied') throw denied();
      const session = await state.write(async (tx) => {
        const at = now();
        const [login] = await tx.select().from(deviceLogins).where(mine);
        if (login?.status !== 'approved' || login.user_id === null || login.expires_at <= at) throw expired();
        const [user] = await tx.select().from(schema.users).where(eq(schema.users.id, login.user_id));
        if (user === undefined || !user.active) throw accountDeactivated();
        await tx.update(deviceLogins).set({ status: 'used' }).where(mine);
        return startSession(tx, { user, method: 'device', peer, now: at, hours: sessionHours });
      });
      polledAt.delete(hash);
      return session;
    },

    async find(userCode, caller) {
      await limits.count('device_code', caller.userId);
      const login = await waitingLogin(state.db, userCode, now());
      if (login === undefined) throw unknownCode();
      const { client_name, created_ip, created_at } = login;
      return { client_name, created_ip, created_at };
    },

    async answer(userCode, answer, caller, peer) {
      if (caller.credential.kind !== 'session') {
        throw new AgnesError('session_required', 'Only a signed-in person can let a device in.', {
          hint: 'Sign in in a browser.',
        });
      }
      await limits.count('device_code', caller.userId);
      await state.write(async (tx) => {
        const login = await waitingLogin(tx, userCode, now());
        if (login === undefined) throw unknownCode();
        await tx
          .update(deviceLogins)
          .set({ status: answer, user_id: caller.userId })
          .where(eq(deviceLogins.id, login.id));
        await limits.giveBack(tx, 'device_code', caller.userId);
        await recordAudit(tx, {
          userId: caller.userId,
          action: answer === 'approved' ? 'auth.device_approve' : 'auth.device_deny',
          params: { client_name: login.client_name, device_ip: login.created_ip },
          ip: peer.ip,
          credentialId: caller.credential.id,
        });
      });
    },
  };
}

const pending = (): AgnesError =>
  new AgnesError('authorization_pending', 'Nobody has approved this sign-in yet.', {
    hint: `Ask again in ${INTERVAL_SECONDS} seconds.`,
  });
const slowDown = (): AgnesError =>
  new AgnesError('slow_down', `This asks more often than every ${INTERVAL_SECONDS} seconds.`, {
    hint: 'Wait for the interval between two questions.',
    details: { retry_after_seconds: INTERVAL_SECONDS },
  });
const denied = (): AgnesError =>
  new AgnesError('device_login_denied', 'This sign-in was turned away in the browser.', {
    hint: 'Start again: agnes auth login',
  });
const expired = (): AgnesError =>
  new AgnesError('device_login_expired', 'This sign-in is not known, has expired or was used.', {
    hint: 'Start again: agnes auth login',
  });
const unknownCode = (): AgnesError =>
  new AgnesError('device_code_unknown', 'No device waits with this code.', {
    hint: 'Look at the code again, or start again on the device: a code lasts a quarter of an hour.',
  });
