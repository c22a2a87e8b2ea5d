import { schema } from '@agnes/state';
import { eq } from 'drizzle-orm';
import type { LinkOptions } from './links.ts';
import { findOneTimeToken, type LinkPurpose } from './one-time-tokens.ts';

/** A link that is still good, and whose it is. */
export interface FoundLink {
  readonly purpose: LinkPurpose;
  readonly userId: string;
  readonly email: string;
  readonly name: string | null;
  readonly hasPassword: boolean;
}

/** What a link is good for, without using it up; undefined when it is not good for any of `purposes`. */
export async function findLink(
  { state, now }: Pick<LinkOptions, 'state' | 'now'>,
  token: string,
  purposes: readonly LinkPurpose[],
): Promise<FoundLink | undefined> {
  const link = await findOneTimeToken(state.db, token, purposes, now());
  if (link === undefined) return undefined;
  const { users } = schema;
  const [user] = await state.db.select().from(users).where(eq(users.id, link.user_id));
  if (user === undefined || !user.active) return undefined;
  const { id: userId, email, name, password_hash } = user;
  return { purpose: link.purpose as LinkPurpose, userId, email, name, hasPassword: password_hash !== null };
}
