import { type Access, type AuditEntry, isAdmin, recordAudit } from '@agnes/rbac';
import type { State, StateDatabase } from '@agnes/state';
import { type BootstrapInput, bootstrap } from './bootstrap.ts';
import { type BootstrapCode, bootstrapCode } from './bootstrap-code.ts';
import type { Caller } from './caller.ts';
import { getToken, type IssuedToken, listTokens, revokeToken, type TokenRecord } from './credentials.ts';
import { createDeviceLogins, type DeviceLogins } from './device-login.ts';
import { hadAnAdmin } from './first-admin.ts';
import { createLastUse } from './last-use.ts';
import { createLimits, type Limits } from './limits.ts';
import { leaveLocalDev, localDevWayIn, prepareLocalDev } from './local-dev.ts';
import { createLockOut } from './lock-out.ts';
import type { NoteRefusal } from './note-refusal.ts';
import { createPasswords } from './password-hash.ts';
import { createPersonalToken, type NewPersonalToken } from './personal-tokens.ts';
import { schedulerWayIn } from './scheduler-token.ts';
import { type SeedAdmin, seedAdmin } from './seed-admin.ts';
import { type SessionCookie, sessionCookie } from './session-cookie.ts';
import { createSessions, type NewSession, type Sessions } from './sessions.ts';
import { shutOutAdmins } from './shut-out-admins.ts';
import { type SignInOptions, signIn, signOut } from './sign-in.ts';
import { bearerWayIn, cookieWayIn, tokenReader } from './token-way-in.ts';
import {
  createUser,
  deleteUser,
  getUser,
  listUsers,
  type NewUser,
  setPassword,
  type User,
  type UserPatch,
  updateUser,
} from './users.ts';
import { usesPrograms } from './uses-programs.ts';
import { createWays, type Ways, type WaysSettings } from './ways.ts';
import type { Peer, WayIn } from './ways-in.ts';

/** A new session, whose it is, and whether they are an administrator. */
export interface SignedIn extends NewSession {
  readonly isAdmin: boolean;
}

export interface AuthOptions extends Partial<WaysSettings> {
  readonly state: State;
  readonly access: Access;
  readonly now?: () => Date;
  /** How long a session lasts at most. Default 24. */
  readonly sessionHours?: number;
  /** After how long without use a session ends. None when undefined. */
  readonly sessionIdleMinutes?: number | undefined;
  /** The secret of a scheduler in a process of its own, at least 32 characters. */
  readonly schedulerToken?: string | undefined;
  /** Whether attempts are limited. Default true. */
  readonly limited?: boolean;
  /** Whether browsers reach the server with TLS. Default true. */
  readonly secureCookie?: boolean;
  /** Local development mode: who everybody on this machine is. */
  readonly localDevEmail?: string | undefined;
  /** Where refusals go; by default into the audit log, each in a write of its own. */
  readonly noteRefusal?: NoteRefusal;
  /** Told when the last use of a token could not be written: nothing a request waits for. */
  readonly onBackgroundError?: (error: unknown) => void;
}

/** Who is calling. People are named by id or e-mail address; `by` is the id of whoever does it. */
export interface Auth extends Ways<SignedIn> {
  /**
   * The caller of a request; undefined without credentials. Throws `malformed_request`, `invalid_credentials`,
   * `account_deactivated`.
   */
  authenticate(headers: Headers, peer: Peer): Promise<Caller | undefined>;
  signIn(email: string, password: string, peer: Peer): Promise<SignedIn>;
  /** Ends the caller's session. */
  signOut(caller: Caller): Promise<void>;
  readonly sessions: Sessions;
  readonly devices: DeviceLogins;
  /** Whether a person ever let a device in, signed in with `agnes`, or made a token. */
  usesPrograms(userId: string): Promise<boolean>;
  /** {@link DeviceLogins.poll}, with whether they are an administrator. */
  finishDeviceLogin(deviceCode: string, peer: Peer): Promise<SignedIn>;
  /** The cookie in which browsers keep their session. */
  readonly cookie: SessionCookie;
  readonly limits: Limits;

  /** Makes the developer of local development mode an administrator, and nobody when that is off; called at each start. */
  prepareLocalDev(): Promise<void>;
  /** Makes the configured account an administrator; called at each start. */
  seedAdmin(seed: SeedAdmin): Promise<void>;
  /** Writes the bootstrap code and returns its path while there never was an administrator; removes it afterwards. */
  prepareBootstrap(stateDir: string): Promise<string | undefined>;
  bootstrap(input: BootstrapInput, peer: Peer): Promise<SignedIn>;
  /** The active administrators' addresses when none of them has a way to sign in, possibly none; undefined when one has. */
  shutOutAdmins(): Promise<readonly string[] | undefined>;

  createToken(caller: Caller, input: NewPersonalToken): Promise<IssuedToken>;
  /** Access tokens of one account, or of everybody. */
  listTokens(userId?: string): Promise<TokenRecord[]>;
  /** Throws `token_not_found`, also for a token of another account. */
  getToken(id: string, userId: string): Promise<TokenRecord>;
  /** Throws `token_not_found`; with `owner`, also for a token of another account. */
  revokeToken(id: string, options: { readonly by: string; readonly owner?: string }): Promise<void>;

  listUsers(): Promise<User[]>;
  getUser(user: string): Promise<User>;
  createUser(input: NewUser, by: string): Promise<User>;
  updateUser(user: string, patch: UserPatch, by: string): Promise<User>;
  deleteUser(user: string, by: string): Promise<void>;
  setPassword(user: string, password: string, by: string): Promise<void>;

  /** Resolves when nothing is being written in the background any more; to be awaited before the state is closed. */
  settled(): Promise<void>;
}

/** Authentication over a state database. */
export function createAuth(options: AuthOptions): Auth {
  const { state, access, now = () => new Date(), sessionHours = 24, sessionIdleMinutes, localDevEmail } = options;
  const passwords = createPasswords();
  const lastUse = createLastUse(state, now, options.onBackgroundError ?? (() => undefined));
  const limits = createLimits({ state, now, enabled: options.limited ?? true });
  const lockOut = createLockOut({ state, limits, now });
  const noteRefusal =
    options.noteRefusal ?? ((entry: AuditEntry) => state.write((tx: StateDatabase) => recordAudit(tx, entry)));
  const signInOptions: SignInOptions = { state, passwords, now, lockOut, sessionHours, noteRefusal };
  const cookie = sessionCookie(options.secureCookie ?? true);
  const readToken = tokenReader({ state, access, lastUse, now, idleMinutes: sessionIdleMinutes });
  const devices = createDeviceLogins({ state, limits, now, sessionHours });
  // The scheduler's secret may have any shape, so it is asked before the tokens, which refuse what is not theirs.
  const waysIn: WayIn[] = [
    ...(options.schedulerToken === undefined ? [] : [schedulerWayIn(options.schedulerToken)]),
    bearerWayIn(readToken),
    cookieWayIn(cookie, readToken),
    ...(localDevEmail === undefined ? [] : [localDevWayIn({ state, access, email: localDevEmail })]),
  ];
  const signedIn = async (session: NewSession): Promise<SignedIn> => ({
    ...session,
    isAdmin: isAdmin(await access.groupsOf(session.user.id)),
  });
  let code: BootstrapCode | undefined;
  const ways = createWays({
    ...options,
    state,
    passwords,
    now,
    sessionHours,
    limits,
    lockOut,
    noteRefusal,
    onError: options.onBackgroundError ?? (() => undefined),
  });

  return {
    ...ways,
    consumeMagicLink: async (token, peer, email) => signedIn(await ways.consumeMagicLink(token, peer, email)),
    setPasswordByToken: async (input, peer) => signedIn(await ways.setPasswordByToken(input, peer)),
    async finishOidc(provider, url, cookie, peer) {
      const { next, ...session } = await ways.finishOidc(provider, url, cookie, peer);
      return { ...(await signedIn(session)), next };
    },
    async authenticate(headers, peer) {
      for (const wayIn of waysIn) {
        const caller = await wayIn(headers, peer);
        if (caller !== undefined) return caller;
      }
      return undefined;
    },
    signIn: async (email, password, peer) => signedIn(await signIn(signInOptions, email, password, peer)),
    signOut: (caller) => signOut(state, caller.credential.id, caller.userId, now()),
    sessions: createSessions(state, { hours: sessionHours, idleMinutes: sessionIdleMinutes }, now),
    devices,
    usesPrograms: (userId) => usesPrograms(state.db, userId),
    finishDeviceLogin: async (deviceCode, peer) => signedIn(await devices.poll(deviceCode, peer)),
    cookie,
    limits,
    prepareLocalDev: () =>
      localDevEmail === undefined ? leaveLocalDev(state) : prepareLocalDev(state, localDevEmail, now()),
    seedAdmin: (seed) => seedAdmin(state, passwords, seed, now()),
    async prepareBootstrap(stateDir) {
      code = bootstrapCode(stateDir);
      if (await hadAnAdmin(state.db)) {
        await code.remove();
        return undefined;
      }
      await code.ensure();
      return code.path;
    },
    bootstrap: async (input, peer) => signedIn(await bootstrap({ ...signInOptions, limits }, code, input, peer)),
    shutOutAdmins: async () => (localDevEmail === undefined ? shutOutAdmins(state.db, options.signIn) : undefined),
    createToken: (caller, input) => createPersonalToken(state, caller, input, now()),
    listTokens: (userId) => listTokens(state, userId),
    getToken: (id, userId) => getToken(state.db, id, userId),
    revokeToken: (id, who) => revokeToken(state, id, { ...who, now: now() }),
    listUsers: () => listUsers(state),
    getUser: (user) => getUser(state.db, user),
    createUser: (input, by) => createUser(state, passwords, input, by, now()),
    updateUser: (user, patch, by) => updateUser(state, user, patch, by, now()),
    deleteUser: (user, by) => deleteUser(state, user, by),
    setPassword: (user, password, by) => setPassword(state, passwords, lockOut, user, { password, by, at: now() }),
    async settled() {
      await ways.settled();
      await lastUse.settled();
    },
  };
}
