import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ErrorCode, isAgnesError } from '@agnes/errors';
import { type Access, createAccess } from '@agnes/rbac';
import { openState, type State, schema } from '@agnes/state';
import { testState } from '@agnes/testkit';
import { PgTable } from 'drizzle-orm/pg-core';
import { type Auth, type AuthOptions, type Caller, createAuth, type Peer, type SignedIn } from '../index.ts';

export const PASSWORD = 'correct horse battery';
export const ADMIN = 'root@example.com';
export const PEER: Peer = { ip: '192.0.2.1', userAgent: 'agnes/1.2.3 (linux)' };
export const SCHEDULER_TOKEN = 'clock.'.repeat(8);

/** Authentication over a state of its own, with a clock that tests turn. */
export interface OpenedAuth extends AsyncDisposable {
  readonly state: State;
  readonly access: Access;
  auth: Auth;
  clock: Date;
  /** Empties the state and makes everything anew, with the administrator in it. */
  reset(options?: Partial<AuthOptions>): Promise<void>;
  /** Another server process over the same state. */
  restart(options?: Partial<AuthOptions>): void;
  pass(seconds: number): void;
  /** Makes an account. */
  person(email: string): Promise<string>;
  signIn(email?: string, peer?: Peer): Promise<SignedIn & { readonly caller: Caller }>;
  callerOf(token: string, peer?: Peer): Promise<Caller>;
  audited(action: string): Promise<(typeof schema.auditLog.$inferSelect)[]>;
}

export async function openAuth(): Promise<OpenedAuth> {
  const folder = await mkdtemp(join(tmpdir(), 'agnes-auth-'));
  const state = await openState(await testState(join(folder, 'system.duckdb')));
  const access = createAccess({ state });
  const tables = Object.values(schema).filter((value) => value instanceof PgTable);
  const newAuth = (options: Partial<AuthOptions>): Auth =>
    createAuth({
      state,
      access,
      now: () => opened.clock,
      schedulerToken: SCHEDULER_TOKEN,
      onBackgroundError: (error) => {
        throw error;
      },
      ...options,
    });
  const opened: OpenedAuth = {
    state,
    access,
    auth: undefined as unknown as Auth,
    clock: new Date('2026-01-01T00:00:00Z'),
    async reset(options = {}) {
      await state.write(async (tx) => {
        for (const table of tables) await tx.delete(table);
      });
      await access.seedSystemGroups();
      opened.clock = new Date('2026-01-01T00:00:00Z');
      opened.auth = newAuth(options);
      await opened.auth.seedAdmin({ email: ADMIN, password: PASSWORD });
    },
    restart(options = {}) {
      opened.auth = newAuth(options);
    },
    pass(seconds) {
      opened.clock = new Date(opened.clock.getTime() + seconds * 1000);
    },
    person: async (email) => (await opened.auth.createUser({ email, password: PASSWORD }, 'root')).id,
    async signIn(email = ADMIN, peer = PEER) {
      const signedIn = await opened.auth.signIn(email, PASSWORD, peer);
      return { ...signedIn, caller: await opened.callerOf(signedIn.session.token, peer) };
    },
    async callerOf(token, peer = PEER) {
      const caller = await opened.auth.authenticate(new Headers({ authorization: `Bearer ${token}` }), peer);
      if (caller === undefined) throw new Error('no caller');
      return caller;
    },
    async audited(action) {
      const rows = await state.db.select().from(schema.auditLog).orderBy(schema.auditLog.timestamp);
      return rows.filter((row) => row.action === action);
    },
    async [Symbol.asyncDispose]() {
      await opened.auth?.settled();
      await state.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return opened;
}

/** Waits for the refusal with that code, and gives what it says. */
export async function refused(code: ErrorCode, work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isAgnesError(error, code)) throw new Error(`expected ${code}, got ${String(error)}`);
  return `${error.message} ${error.hint}`;
}

/** Seconds after which to come back, of an attempt too many; 0 when it was let through and the password was wrong. */
export async function waitOf(work: Promise<unknown>): Promise<number> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (isAgnesError(error, 'invalid_credentials')) return 0;
  if (!isAgnesError(error, 'too_many_requests')) throw new Error(`expected a refusal, got ${String(error)}`);
  return Number(error.details.retry_after_seconds);
}
