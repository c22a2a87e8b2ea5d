import { schema } from '@agnes/state';
import type { Auth, AuthOptions, Caller, Peer, SignedIn } from '../index.ts';
import { ADMIN, type Fixture, openFixture, PASSWORD, PEER } from './fixture.ts';

export const SCHEDULER_TOKEN = 'clock.'.repeat(8);

/** Authentication with an administrator, over a {@link Fixture}. */
export interface OpenedAuth extends Pick<Fixture, 'state' | 'access' | 'pass'>, AsyncDisposable {
  auth: Auth;
  readonly clock: Date;
  /** Empties the state and makes everything anew, with the administrator in it. */
  reset(options?: Partial<AuthOptions>): Promise<void>;
  /** Another server process over the same state. */
  restart(options?: Partial<AuthOptions>): void;
  /** Makes an account. */
  person(email: string): Promise<string>;
  signIn(email?: string, peer?: Peer): Promise<SignedIn & { readonly caller: Caller }>;
  callerOf(token: string, peer?: Peer): Promise<Caller>;
  audited(action: string): Promise<(typeof schema.auditLog.$inferSelect)[]>;
}

export async function openAuth(): Promise<OpenedAuth> {
  const fixture = await openFixture();
  const { state, access, pass } = fixture;
  const newAuth = (options: Partial<AuthOptions>): Auth =>
    fixture.auth({
      schedulerToken: SCHEDULER_TOKEN,
      onBackgroundError: (error) => {
        throw error;
      },
      ...options,
    });
  const opened: OpenedAuth = {
    state,
    access,
    pass,
    auth: newAuth({}),
    get clock() {
      return fixture.now;
    },
    async reset(options = {}) {
      await fixture.reset(new Date('2026-01-01T00:00:00Z'));
      opened.auth = newAuth(options);
      await opened.auth.seedAdmin({ email: ADMIN, password: PASSWORD });
    },
    restart(options = {}) {
      opened.auth = newAuth(options);
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
      await opened.auth.settled();
      await fixture[Symbol.asyncDispose]();
    },
  };
  return opened;
}
