import { newId, type StateDatabase, schema } from '@agnes/state';
import { and, eq, gt, inArray, isNotNull, isNull, lte, or } from 'drizzle-orm';
import { hashToken, randomText } from './token-format.ts';

/** What a link that was sent is good for. */
export type LinkPurpose = 'magic_link' | 'password_reset' | 'invite';
export type OneTimeToken = typeof schema.oneTimeTokens.$inferSelect;

const MINUTE_MS = 60_000;
const LINK_LIFETIME_MS: Readonly<Record<LinkPurpose, number>> = {
  magic_link: 15 * MINUTE_MS,
  password_reset: 24 * 60 * MINUTE_MS,
  invite: 7 * 24 * 60 * MINUTE_MS,
};

/** 43 characters of 62 are 256 bits of chance. */
const LENGTH = 43;
const SHAPE = /^[0-9A-Za-z]{43}$/;

export interface NewLink {
  readonly userId: string;
  readonly purpose: LinkPurpose;
  /** The administrator who asked for it; null when the person did. */
  readonly by: string | null;
  readonly at: Date;
}

/** Makes a token that is good once, for one purpose and one person. Others, of any purpose, stay as they are. */
export async function issueOneTimeToken(tx: StateDatabase, { userId, purpose, by, at }: NewLink): Promise<string> {
  const token = randomText(LENGTH);
  await tx.insert(schema.oneTimeTokens).values({
    id: newId('link'),
    user_id: userId,
    purpose,
    token_hash: hashToken(token),
    created_at: at,
    created_by: by,
    expires_at: new Date(at.getTime() + LINK_LIFETIME_MS[purpose]),
  });
  return token;
}

/** The token as it stands, without using it up; undefined when it is wrong, used, expired or for something else. */
export async function findOneTimeToken(
  db: StateDatabase,
  token: string,
  purposes: readonly LinkPurpose[],
  at: Date,
): Promise<OneTimeToken | undefined> {
  if (!SHAPE.test(token)) return undefined;
  const [row] = await db
    .select()
    .from(schema.oneTimeTokens)
    .where(isGood(token, purposes, at));
  return row;
}

/** Uses the token up, in one statement, so that of two at once one has it. Undefined as {@link findOneTimeToken} says. */
export async function consumeOneTimeToken(
  tx: StateDatabase,
  token: string,
  purposes: readonly LinkPurpose[],
  at: Date,
): Promise<OneTimeToken | undefined> {
  if (!SHAPE.test(token)) return undefined;
  const [row] = await tx
    .update(schema.oneTimeTokens)
    .set({ consumed_at: at })
    .where(isGood(token, purposes, at))
    .returning();
  return row;
}

function isGood(token: string, purposes: readonly LinkPurpose[], at: Date) {
  const { oneTimeTokens } = schema;
  return and(
    eq(oneTimeTokens.token_hash, hashToken(token)),
    inArray(oneTimeTokens.purpose, [...purposes]),
    isNull(oneTimeTokens.consumed_at),
    gt(oneTimeTokens.expires_at, at),
  );
}

/** Takes back every link of somebody. */
export async function dropOneTimeTokens(tx: StateDatabase, userId: string): Promise<void> {
  await tx.delete(schema.oneTimeTokens).where(eq(schema.oneTimeTokens.user_id, userId));
}

/** Forgets links that are used or expired, and sign-ins at a provider that never came back. Says how many. */
export async function sweepOneTimeTokens(tx: StateDatabase, at: Date): Promise<number> {
  const { oneTimeTokens, oidcLogins } = schema;
  const links = await tx
    .delete(oneTimeTokens)
    .where(or(isNotNull(oneTimeTokens.consumed_at), lte(oneTimeTokens.expires_at, at)))
    .returning({ id: oneTimeTokens.id });
  const logins = await tx
    .delete(oidcLogins)
    .where(lte(oidcLogins.expires_at, at))
    .returning({ id: oidcLogins.state_hash });
  return links.length + logins.length;
}
