import { endSessions, recordAudit } from '@agnes/rbac';
import { type StateDatabase, schema } from '@agnes/state';
import { eq } from 'drizzle-orm';
import { addressGroup } from './address-group.ts';
import { invalidLink, type LinkOptions, mailLink, makeLink, type SentLink, switchedOff } from './links.ts';
import type { LockOut } from './lock-out.ts';
import { requestLink } from './magic-link.ts';
import { linkMail } from './mail/messages.ts';
import {
  consumeOneTimeToken,
  dropOneTimeTokens,
  findOneTimeToken,
  type LinkPurpose,
  type OneTimeToken,
} from './one-time-tokens.ts';
import type { Passwords } from './password-hash.ts';
import { type NewSession, startSession } from './sessions.ts';
import { refuseSsoManaged, ssoManaged } from './sso-managed.ts';
import { getUser, newHash, type User } from './users.ts';
import { accountDeactivated, type Peer } from './ways-in.ts';

const PURPOSES: readonly LinkPurpose[] = ['password_reset', 'invite'];

export interface PasswordLinkOptions extends LinkOptions {
  readonly passwords: Passwords;
  readonly lockOut: Pick<LockOut, 'lift'>;
}

export interface PasswordByToken {
  readonly token: string;
  readonly password: string;
  /** When given, the account that the link must be for. */
  readonly email?: string | undefined;
  /** A name for an account that has none. */
  readonly name?: string | null | undefined;
}

/**
 * Asks for a link to set a password. As with a sign-in link, the answer tells nothing of the account. Throws
 * `too_many_requests`, `sign_in_unavailable` without a mail server.
 */
export async function requestPasswordReset(options: LinkOptions, email: string, peer: Peer): Promise<void> {
  const { mailer, state } = options;
  if (mailer === undefined) throw switchedOff('A password by mail', 'SMTP_HOST');
  await requestLink(options, email, peer, async (user) => {
    // Their identity provider decides whether they come in; a password would walk around it.
    if (await ssoManaged(state.db, user.id)) return;
    const url = await makeLink(options, user, 'password_reset', null);
    await mailer.send(linkMail(user.email, 'password_reset', url));
  });
}

/** A link with which somebody sets a new password, for an administrator. Throws `user_not_found`, `sso_account`. */
export async function resetPassword(options: LinkOptions, idOrEmail: string, by: string): Promise<SentLink> {
  const user = await getUser(options.state.db, idOrEmail);
  await refuseSsoManaged(options.state.db, user);
  return mailLink(options, user, 'password_reset', by);
}

/**
 * Sets a password with a link and signs in. Every other session of the account ends, and every other link of it is taken
 * back; its access tokens stay. A password that is too weak leaves the link good. Throws `invalid_credentials`,
 * `account_deactivated`, `weak_password`, `too_many_requests`.
 */
export async function setPasswordByToken(
  { state, limits, lockOut, now, sessionHours, passwords }: PasswordLinkOptions,
  { token, password, email, name }: PasswordByToken,
  peer: Peer,
): Promise<NewSession> {
  await limits.count('one_time_token', addressGroup(peer.ip));
  // Looked at first: hashing is dear, and only who has a link may ask for it.
  const before = await ownerOf(state.db, await findOneTimeToken(state.db, token, PURPOSES, now()), email);
  if (before === undefined) throw invalidLink();
  const hash = await newHash(passwords, password, before.email);
  const result = await state.write(async (tx) => {
    const at = now();
    const link = await consumeOneTimeToken(tx, token, PURPOSES, at);
    const user = await ownerOf(tx, link, email);
    if (user === undefined) return invalidLink();
    if (!user.active) return accountDeactivated();
    const changed: User = { ...user, name: user.name ?? name ?? null, password_hash: hash, updated_at: at };
    const { id, email: _, ...values } = changed;
    await tx.update(schema.users).set(values).where(eq(schema.users.id, id));
    await endSessions(tx, id, at);
    await dropOneTimeTokens(tx, id);
    await lockOut.lift(tx, user.email);
    await recordAudit(tx, {
      userId: id,
      action: 'user.set_password',
      resource: `user:${id}`,
      params: { purpose: link?.purpose },
      ip: peer.ip,
    });
    return startSession(tx, {
      user: changed,
      method: link?.purpose === 'invite' ? 'invite' : 'password_reset',
      peer,
      now: at,
      hours: sessionHours,
    });
  });
  if (result instanceof Error) throw result;
  return result;
}

async function ownerOf(
  db: StateDatabase,
  link: OneTimeToken | undefined,
  email: string | undefined,
): Promise<User | undefined> {
  if (link === undefined) return undefined;
  const [user] = await db.select().from(schema.users).where(eq(schema.users.id, link.user_id));
  return email === undefined || email === user?.email ? user : undefined;
}
