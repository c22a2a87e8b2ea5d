import { bumpVersion, type StateDatabase, schema } from '@agnes/state';
import { and, eq, isNull, ne } from 'drizzle-orm';

/**
 * Ends every open session of an account, but for `except`, inside a transaction, and says how many; devices that it let in
 * and that have not come for their session get none. Access tokens stay.
 */
export async function endSessions(tx: StateDatabase, userId: string, at: Date, except?: string): Promise<number> {
  const { accessTokens } = schema;
  const ended = await tx
    .update(accessTokens)
    .set({ revoked_at: at })
    .where(
      and(
        eq(accessTokens.user_id, userId),
        eq(accessTokens.kind, 'session'),
        isNull(accessTokens.revoked_at),
        except === undefined ? undefined : ne(accessTokens.id, except),
      ),
    )
    .returning({ id: accessTokens.id });
  await dropApprovedDevices(tx, userId);
  await bumpVersion(tx, 'access_version');
  return ended.length;
}

/** Takes back the leave of devices that have not come for their session yet: whoever gave it may have been somebody else. */
export async function dropApprovedDevices(tx: StateDatabase, userId: string): Promise<void> {
  const { deviceLogins } = schema;
  await tx.delete(deviceLogins).where(and(eq(deviceLogins.user_id, userId), eq(deviceLogins.status, 'approved')));
}
