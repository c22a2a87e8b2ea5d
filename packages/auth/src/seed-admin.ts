import {
  ADMIN_GROUP_ID,
  countActiveAdmins,
  insertMember,
  normaliseEmail,
  recordAudit,
  withdrawMembers,
} from '@agnes/rbac';
import { bumpVersion, type State, type StateDatabase, schema } from '@agnes/state';
import { eq } from 'drizzle-orm';
import { closeBootstrap } from './first-admin.ts';
import type { Passwords } from './password-hash.ts';
import { insertUser, newHash, type User } from './users.ts';

export interface SeedAdmin {
  readonly email: string;
  /** Its first password; one that the account has is never overwritten. */
  readonly password?: string | undefined;
}

const SEEDED = { groupId: ADMIN_GROUP_ID, source: 'system_seed' } as const;

/**
 * Makes sure at each start that the configured account is there and an administrator, and that nobody else is one for this
 * reason. A deactivated account stays so unless no other administrator is active. Throws `weak_password`.
 */
export async function seedAdmin(state: State, passwords: Passwords, seed: SeedAdmin, at: Date): Promise<void> {
  const email = normaliseEmail(seed.email);
  const existing = await findUser(state.db, email);
  const needsPassword = seed.password !== undefined && (existing?.password_hash ?? null) === null;
  const hash = needsPassword ? await newHash(passwords, seed.password, email) : null;
  await state.write(async (tx) => {
    const found = await findUser(tx, email);
    const user = found ?? (await insertUser(tx, { email, name: null, hash }, null, at));
    if (user.password_hash === null && hash !== null) {
      await tx.update(schema.users).set({ password_hash: hash, updated_at: at }).where(eq(schema.users.id, user.id));
      await recordAudit(tx, { userId: null, action: 'user.set_password', resource: `user:${user.id}` });
    }
    await insertMember(tx, { ...SEEDED, userId: user.id }, null);
    await withdrawMembers(tx, SEEDED, user.id);
    if ((await countActiveAdmins(tx)) === 0) await activate(tx, user, at);
    await closeBootstrap(tx, 'seed', at);
  });
}

async function findUser(db: StateDatabase, email: string): Promise<User | undefined> {
  const [user] = await db.select().from(schema.users).where(eq(schema.users.email, email));
  return user;
}

async function activate(tx: StateDatabase, user: User, at: Date): Promise<void> {
  await tx
    .update(schema.users)
    .set({ active: true, deactivated_at: null, deactivated_by: null, updated_at: at })
    .where(eq(schema.users.id, user.id));
  await recordAudit(tx, { userId: null, action: 'user.activate', resource: `user:${user.id}` });
  await bumpVersion(tx, 'access_version');
}
