import { type StateDatabase, schema } from '@agnes/state';
import { asc, inArray, lte } from 'drizzle-orm';

/** Sign-ins that are under way at a time; the oldest go. Anybody can begin one. */
export const MOST_OIDC_LOGINS = 5000;
/** What goes at once, so that few sign-ins have to look for what is old. */
const AT_ONCE = 500;

/** Removes sign-ins that are over, and the oldest of too many, before another one is added. */
export async function pruneOidcLogins(tx: StateDatabase, at: Date): Promise<void> {
  const { oidcLogins } = schema;
  if ((await tx.$count(oidcLogins)) < MOST_OIDC_LOGINS) return;
  await tx.delete(oidcLogins).where(lte(oidcLogins.expires_at, at));
  const rows = await tx.select({ id: oidcLogins.state_hash }).from(oidcLogins).orderBy(asc(oidcLogins.expires_at));
  if (rows.length < MOST_OIDC_LOGINS) return;
  const tooMany = rows.slice(0, rows.length - MOST_OIDC_LOGINS + AT_ONCE).map(({ id }) => id);
  await tx.delete(oidcLogins).where(inArray(oidcLogins.state_hash, tooMany));
}
