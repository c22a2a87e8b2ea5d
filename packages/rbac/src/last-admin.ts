import { AgnesError } from '@agnes/errors';
import { type StateDatabase, schema } from '@agnes/state';
import { and, countDistinct, eq } from 'drizzle-orm';
import { ADMIN_GROUP_ID } from './groups.ts';

/**
 * Does `change` in a transaction and refuses it, with everything else of the transaction, when it would leave an
 * installation that has an active administrator without one. Throws `last_admin`.
 */
export async function keepAnAdmin<T>(tx: StateDatabase, change: () => Promise<T>): Promise<T> {
  const before = await countActiveAdmins(tx);
  const result = await change();
  if (before > 0 && (await countActiveAdmins(tx)) === 0) {
    throw new AgnesError('last_admin', 'This is the last active administrator.', {
      hint: 'Make somebody else an administrator first: agnes admin group add-member Admin <email>',
    });
  }
  return result;
}

/** How many active accounts are in the Admin group. */
export async function countActiveAdmins(db: StateDatabase): Promise<number> {
  const { userGroupMembers, users } = schema;
  const [row] = await db
    .select({ n: countDistinct(users.id) })
    .from(userGroupMembers)
    .innerJoin(users, eq(users.id, userGroupMembers.user_id))
    .where(and(eq(userGroupMembers.group_id, ADMIN_GROUP_ID), eq(users.active, true)));
  return row?.n ?? 0;
}
