import { bumpVersion, type StateDatabase, schema } from '@agnes/state';
import { and, desc, eq, inArray } from 'drizzle-orm';
import { addressGroup } from './address-group.ts';
import type { Peer } from './ways-in.ts';

/** Ended sessions are kept this long, so that the addresses of a person are known. */
const KEPT_MS = 30 * 24 * 3_600_000;
/** Ended sessions of one person that are kept, the newest. */
const MOST_ENDED = 20;
/** Open sessions of one person; beyond, the oldest ends. */
const MOST_OPEN = 200;

/** Whether the person signed in from that address within 30 days. False for an account that does not exist. */
export async function knownAddress(db: StateDatabase, email: string, { ip }: Peer, at: Date): Promise<boolean> {
  const { accessTokens, users } = schema;
  const rows = await db
    .select({ ip: accessTokens.created_ip, created_at: accessTokens.created_at })
    .from(accessTokens)
    .innerJoin(users, eq(users.id, accessTokens.user_id))
    .where(and(eq(users.email, email), eq(accessTokens.kind, 'session')));
  const here = addressGroup(ip);
  return rows.some(
    (row) => row.ip !== null && addressGroup(row.ip) === here && row.created_at.getTime() > at.getTime() - KEPT_MS,
  );
}

/** Removes the rows of sessions that ended long ago, or are too many, before another one is added. */
export async function pruneSessions(tx: StateDatabase, userId: string, at: Date): Promise<void> {
  const { accessTokens } = schema;
  const rows = await tx
    .select({
      id: accessTokens.id,
      created_at: accessTokens.created_at,
      expires_at: accessTokens.expires_at,
      revoked_at: accessTokens.revoked_at,
    })
    .from(accessTokens)
    .where(and(eq(accessTokens.user_id, userId), eq(accessTokens.kind, 'session')))
    .orderBy(desc(accessTokens.created_at), desc(accessTokens.id));
  const isOpen = (row: (typeof rows)[number]): boolean =>
    row.revoked_at === null && (row.expires_at === null || row.expires_at > at);
  const ended = rows.filter((row) => !isOpen(row));
  const old = ended.filter(
    ({ created_at }, index) => index >= MOST_ENDED || created_at.getTime() <= at.getTime() - KEPT_MS,
  );
  const tooMany = rows.filter(isOpen).slice(MOST_OPEN - 1);
  const ids = [...old, ...tooMany].map(({ id }) => id);
  if (ids.length > 0) await deleteTokenRows(tx, ids);
  if (tooMany.length > 0) await bumpVersion(tx, 'access_version');
}

/** Removes the access tokens of a person that ended 30 days ago, and answers how many are open. */
export async function pruneTokens(tx: StateDatabase, userId: string, at: Date): Promise<number> {
  const { accessTokens } = schema;
  const rows = await tx
    .select({ id: accessTokens.id, expires_at: accessTokens.expires_at, revoked_at: accessTokens.revoked_at })
    .from(accessTokens)
    .where(and(eq(accessTokens.user_id, userId), eq(accessTokens.kind, 'personal')));
  const endedBy = (row: (typeof rows)[number], moment: number): boolean =>
    [row.revoked_at, row.expires_at].some((end) => end !== null && end.getTime() <= moment);
  const old = rows.filter((row) => endedBy(row, at.getTime() - KEPT_MS)).map(({ id }) => id);
  if (old.length > 0) await deleteTokenRows(tx, old);
  return rows.filter((row) => !endedBy(row, at.getTime())).length;
}

/** Deletes sessions or access tokens with what is known of them. */
async function deleteTokenRows(tx: StateDatabase, ids: readonly string[]): Promise<void> {
  const { accessTokens, tokenAddresses } = schema;
  await tx.delete(tokenAddresses).where(inArray(tokenAddresses.token_id, [...ids]));
  await tx.delete(accessTokens).where(inArray(accessTokens.id, [...ids]));
}

/** Deletes every session and access token of an account. */
export async function deleteTokensOf(tx: StateDatabase, userId: string): Promise<void> {
  const { accessTokens } = schema;
  const rows = await tx.select({ id: accessTokens.id }).from(accessTokens).where(eq(accessTokens.user_id, userId));
  if (rows.length > 0)
    await deleteTokenRows(
      tx,
      rows.map(({ id }) => id),
    );
}
