import { AgnesError } from '@agnes/errors';
import { normaliseEmail, recordAudit } from '@agnes/rbac';
import { bumpVersion, type State, schema } from '@agnes/state';
import { and, eq, isNull } from 'drizzle-orm';
import * as v from 'valibot';
import type { LockOut } from './lock-out.ts';
import type { NoteRefusal } from './note-refusal.ts';
import type { Passwords } from './password-hash.ts';
import { type NewSession, startSession } from './sessions.ts';
import { accountDeactivated, type Peer } from './ways-in.ts';

const emailShape = v.pipe(v.string(), v.maxLength(254), v.email());

export interface SignInOptions {
  readonly state: State;
  readonly passwords: Passwords;
  readonly lockOut: LockOut;
  readonly now: () => Date;
  readonly sessionHours: number;
  readonly noteRefusal: NoteRefusal;
}

/**
 * Signs in with e-mail and password. A wrong password, an unknown address and an account without a password get the same
 * answer in the same time. Throws `invalid_credentials`, `account_deactivated` (only to who knows the password),
 * `too_many_requests`.
 */
export async function signIn(
  { state, passwords, lockOut, now, sessionHours, noteRefusal }: SignInOptions,
  email: string,
  password: string,
  peer: Peer,
): Promise<NewSession> {
  const address = normaliseEmail(email);
  const takeBack = await lockOut.begin(address, peer);
  const [user] = await state.db.select().from(schema.users).where(eq(schema.users.email, address));
  const fits = await passwords.verify(user?.password_hash, password);

  const refuse = async (error: AgnesError): Promise<never> => {
    await noteRefusal({
      userId: user?.id ?? null,
      action: 'auth.sign_in',
      // What is no address may be a password that was typed in its place.
      params: { method: 'password', ...(v.is(emailShape, address) ? { email: address } : {}) },
      result: error.code,
      ip: peer.ip,
    });
    throw error;
  };
  if (!fits || user === undefined) return refuse(wrongPassword());
  if (!user.active) return refuse(accountDeactivated());

  const session = await state.write(async (tx) => {
    // The password may have been changed, or the account locked, while it was being checked.
    const [still] = await tx.select().from(schema.users).where(eq(schema.users.id, user.id));
    if (still === undefined || !still.active || still.password_hash !== user.password_hash) return undefined;
    await takeBack(tx);
    return startSession(tx, { user, method: 'password', peer, now: now(), hours: sessionHours });
  });
  return session ?? refuse(wrongPassword());
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
    await recordAudit(tx, {
      userId,
      action: 'auth.sign_out',
      resource: `session:${sessionId}`,
      credentialId: sessionId,
    });
  });
}

const wrongPassword = (): AgnesError =>
  new AgnesError('invalid_credentials', 'E-mail address or password is wrong.', {
    hint: 'Check both. An administrator can set a new password.',
  });
