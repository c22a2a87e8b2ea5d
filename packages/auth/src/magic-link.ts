import { normaliseEmail } from '@agnes/rbac';
import { schema } from '@agnes/state';
import { eq } from 'drizzle-orm';
import { addressGroup } from './address-group.ts';
import { invalidLink, type LinkOptions, makeLink, switchedOff } from './links.ts';
import { linkMail } from './mail/messages.ts';
import { consumeOneTimeToken } from './one-time-tokens.ts';
import { type NewSession, startSession } from './sessions.ts';
import { ssoManaged } from './sso-managed.ts';
import type { User } from './users.ts';
import { accountDeactivated, type Peer } from './ways-in.ts';

/**
 * Asks for a sign-in link. Whether the address is known, the account active and the mail accepted is found out after the
 * answer, so neither its words nor its time tell. Throws `too_many_requests`, `sign_in_unavailable`.
 */
export async function requestMagicLink(options: LinkOptions, email: string, peer: Peer): Promise<void> {
  const { mailer, state } = options;
  if (mailer === undefined) throw switchedOff('Signing in by a link', 'SMTP_HOST');
  await requestLink(options, email, peer, async (user) => {
    // Their identity provider decides whether they come in; a link would walk around it.
    if (await ssoManaged(state.db, user.id)) return;
    const url = await makeLink(options, user, 'magic_link', null);
    await mailer.send(linkMail(user.email, 'magic_link', url));
  });
}

/** Counts the request, and leaves the rest for after the answer. */
export async function requestLink(
  { state, limits, background, noteRefusal }: LinkOptions,
  email: string,
  peer: Peer,
  send: (user: User) => Promise<void>,
): Promise<void> {
  const address = normaliseEmail(email);
  await limits.count('mail_address', addressGroup(peer.ip));
  await limits.count('mail_account', address);
  background.run(async () => {
    const [user] = await state.db.select().from(schema.users).where(eq(schema.users.email, address));
    if (user?.active === true) return send(user);
    await noteRefusal({
      userId: user?.id ?? null,
      action: 'auth.link',
      params: { email: address },
      result: user === undefined ? 'user_not_found' : 'account_deactivated',
      ip: peer.ip,
    });
  });
}

/** Signs in with a link, once; when `email` is given, the link must be for that account. Throws `invalid_credentials`, `account_deactivated`, `too_many_requests`. */
export async function consumeMagicLink(
  { state, limits, now, sessionHours, noteRefusal }: LinkOptions,
  token: string,
  peer: Peer,
  email?: string,
): Promise<NewSession> {
  await limits.count('one_time_token', addressGroup(peer.ip));
  const result = await state.write(async (tx) => {
    const at = now();
    const link = await consumeOneTimeToken(tx, token, ['magic_link'], at);
    const [user] =
      link === undefined ? [] : await tx.select().from(schema.users).where(eq(schema.users.id, link.user_id));
    const fits = email === undefined || email === user?.email;
    if (user?.active === true && fits) {
      return startSession(tx, { user, method: 'magic_link', peer, now: at, hours: sessionHours });
    }
    return { refused: user === undefined || !fits ? invalidLink() : accountDeactivated(), user };
  });
  if (!('refused' in result)) return result;
  const { refused, user } = result;
  await noteRefusal({
    userId: user?.id ?? null,
    action: 'auth.sign_in',
    params: { method: 'magic_link' },
    result: refused.code,
    ip: peer.ip,
  });
  throw refused;
}
