import { AgnesError } from '@agnes/errors';
import { type LinkOptions, mailLink, type SentLink } from './links.ts';
import { refuseSsoManaged } from './sso-managed.ts';
import { getUser } from './users.ts';

/**
 * Invites somebody to choose a password: makes a link that is good for a week, and mails it where there is a mail server.
 * Throws `user_not_found`, `user_exists` for an account that has a password already, `sso_account`.
 */
export async function inviteUser(options: LinkOptions, idOrEmail: string, by: string): Promise<SentLink> {
  const user = await getUser(options.state.db, idOrEmail);
  await refuseSsoManaged(options.state.db, user);
  if (user.password_hash !== null) {
    throw new AgnesError('user_exists', `${user.email} has a password already.`, {
      hint: `agnes admin reset-password ${user.email}`,
    });
  }
  return mailLink(options, user, 'invite', by);
}
