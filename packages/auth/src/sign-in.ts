import { AgnesError } from '@agnes/errors';
import { normaliseEmail, recordAudit } from '@agnes/rbac';
import { bumpVersion, type State, schema } from '@agnes/state';
import { and, eq, isNull } from 'drizzle-orm';
import type { AttemptLimit } from './attempt-limit.ts';
import { dropExpiredSessions, type IssuedToken, issueToken } from './credentials.ts';
import type { Passwords } from './password-hash.ts';
import type { User } from './users.ts';
import { accountDeactivated, type Peer } from './ways-in.ts';

export interface SignInOptions {
  readonly state: State;
  readonly passwords: Passwords;
  readonly limit: AttemptLimit;
  readonly now: () => Date;
  readonly sessionMs: number;
}

export interface NewSession {
  readonly session: IssuedToken & { readonly expires_at: Date };
  readonly user: User;
}

/**
 * Signs in with e-mail and password. A wrong password, an unknown address and an account without a password get the same
 * answer in the same time. Throws `invalid_credentials`, `account_deactivated` (only to who knows the password),
 * `too_many_requests`.
 */
export async function signIn(
  { state, passwords, limit, now, sessionMs }: SignInOptions,
  email: string,
  password: string,
  peer: Peer,
): Promise<NewSession> {
  const address = normaliseEmail(email);
  const key = `${peer.ip ?? ''} ${address}`;
  limit.count(key);
  const [user] = await state.db.select().from(schema.users).where(eq(schema.users.email, address));
  const fits = await passwords.verify(user?.password_hash, password);

  const refuse = async (error: AgnesError): Promise<never> => {
    await state.write((tx) =>
      recordAudit(tx, {
        userId: user?.id ?? null,
        action: 'auth.sign_in',
        params: { email: address, ip: peer.ip },
        result: error.code,
      }),
    );
    throw error;
  };
  if (!fits || user === undefined) return refuse(wrongPassword());
  if (!user.active) return refuse(accountDeactivated());

  const session = await state.write(async (tx) => {
    // The password may have been changed, or the account locked, while it was being checked.
    const [still] = await tx.select().from(schema.users).where(eq(schema.users.id, user.id));
    if (still === undefined || !still.active || still.password_hash !== user.password_hash) return undefined;
    const at = now();
    await dropExpiredSessions(tx, user.id, at);
    await recordAudit(tx, { userId: user.id, action: 'auth.sign_in', params: { ip: peer.ip } });
    return issueToken(tx, {
      userId: user.id,
      kind: 'session',
      name: 'session',
      now: at,
      expiresAt: new Date(at.getTime() + sessionMs),
    });
  });
  if (session === undefined) return refuse(wrongPassword());
  limit.forget(key);
  return { session, user };
}

/** Ends one session. Again is fine. */
export async function signOut(state: State, sessionId: string, userId: string, now: Date): Promise<void> {
  const { accessTokens } = schema;
  await state.write(async (tx) => {
    await tx
      .update(accessTokens)
      .set({ revoked_at: now })
      .where(and(eq(accessTokens.id, sessionId), eq(accessTokens.kind, 'session'), isNull(accessTokens.revoked_at)));
    await bumpVersion(tx, 'access_version');
    await recordAudit(tx, { userId, action: 'auth.sign_out', resource: `session:${sessionId}` });
  });
}

const wrongPassword = (): AgnesError =>
  new AgnesError('invalid_credentials', 'E-mail address or password is wrong.', {
    hint: 'Check both. An administrator can set a new password.',
  });
