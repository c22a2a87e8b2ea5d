import { AgnesError } from '@agnes/errors';
import { endSessions, keepAnAdmin, normaliseEmail, recordAudit, removeFromAllGroups } from '@agnes/rbac';
import { bumpVersion, newId, type State, type StateDatabase, schema } from '@agnes/state';
import { asc, eq, or } from 'drizzle-orm';
import type { LockOut } from './lock-out.ts';
import { dropOneTimeTokens } from './one-time-tokens.ts';
import type { Passwords } from './password-hash.ts';
import { checkPassword } from './password-rules.ts';
import { deleteTokensOf } from './session-rows.ts';
import { refuseSsoManaged } from './sso-managed.ts';

export type User = typeof schema.users.$inferSelect;

/** Every account, by e-mail address. */
export function listUsers(state: State): Promise<User[]> {
  return state.db.select().from(schema.users).orderBy(asc(schema.users.email));
}

/** One account by id or e-mail address. Throws `user_not_found`. */
export async function getUser(db: StateDatabase, idOrEmail: string): Promise<User> {
  const { users } = schema;
  const [user] = await db
    .select()
    .from(users)
    .where(or(eq(users.id, idOrEmail), eq(users.email, normaliseEmail(idOrEmail))))
    .limit(1);
  if (user === undefined) {
    throw new AgnesError('user_not_found', `There is no user '${idOrEmail}'.`, { hint: 'agnes admin list-users' });
  }
  return user;
}

export interface NewUser {
  readonly email: string;
  readonly name?: string | null | undefined;
  /** Without one the account cannot sign in until one is set. */
  readonly password?: string | null | undefined;
}

/** Throws `user_exists`, `weak_password`. */
export async function createUser(
  state: State,
  passwords: Passwords,
  input: NewUser,
  by: string,
  at: Date,
): Promise<User> {
  const { password } = input;
  const hash = typeof password === 'string' ? await newHash(passwords, password, input.email) : null;
  return state.write((tx) => insertUser(tx, { email: input.email, name: input.name ?? null, hash }, by, at));
}

/** Adds an account inside a transaction. Throws `user_exists`. */
export async function insertUser(
  tx: StateDatabase,
  input: { readonly email: string; readonly name: string | null; readonly hash: string | null },
  by: string | null,
  at: Date,
): Promise<User> {
  const email = normaliseEmail(input.email);
  const [there] = await tx.select().from(schema.users).where(eq(schema.users.email, email));
  if (there !== undefined) {
    throw new AgnesError('user_exists', `There is a user ${email} already.`, {
      hint: there.active ? 'agnes admin list-users' : `The account is deactivated: agnes admin activate ${email}`,
    });
  }
  const user: User = {
    id: newId('user'),
    email,
    name: input.name,
    password_hash: input.hash,
    active: true,
    deactivated_at: null,
    deactivated_by: null,
    created_at: at,
    updated_at: at,
  };
  await tx.insert(schema.users).values(user);
  await recordAudit(tx, { userId: by, action: 'user.create', resource: `user:${user.id}`, params: { email } });
  await bumpVersion(tx, 'access_version');
  return user;
}

export interface UserPatch {
  readonly name?: string | null | undefined;
  readonly active?: boolean | undefined;
}

/**
 * Renames, activates or deactivates. A deactivated account is locked out at once and its sessions end; its access tokens
 * work again when it is activated, its links do not. Throws `user_not_found`, `own_account`, `last_admin`.
 */
export function updateUser(state: State, idOrEmail: string, patch: UserPatch, by: string, at: Date): Promise<User> {
  return state.write((tx) => changeUser(tx, idOrEmail, { patch, by, at }));
}

/** {@link updateUser} inside a transaction. */
export async function changeUser(
  tx: StateDatabase,
  idOrEmail: string,
  { patch, by, at }: { readonly patch: UserPatch; readonly by: string; readonly at: Date },
): Promise<User> {
  const user = await getUser(tx, idOrEmail);
  const name = patch.name === undefined ? user.name : patch.name;
  const active = patch.active ?? user.active;
  if (!active && user.active) refuseOneself(user, by, 'deactivate');
  const changed: User = {
    ...user,
    name,
    active,
    deactivated_at: active ? null : (user.deactivated_at ?? at),
    // Who said so last answers for it: a directory lets nobody back in whom somebody else locked as well.
    deactivated_by: active ? null : patch.active === false ? by : user.deactivated_by,
    updated_at: at,
  };
  const { id, email: _, ...values } = changed;
  await keepAnAdmin(tx, () => tx.update(schema.users).set(values).where(eq(schema.users.id, id)));
  if (!active) await endSessions(tx, id, at);
  // Links from before it was locked stay as dead as they were.
  else if (!user.active) await dropOneTimeTokens(tx, id);
  await recordAudit(tx, { userId: by, action: actionOf(user, active), resource: `user:${id}`, params: { name } });
  await bumpVersion(tx, 'access_version');
  return changed;
}

const actionOf = (before: User, active: boolean): string => {
  if (before.active === active) return 'user.update';
  return active ? 'user.activate' : 'user.deactivate';
};

/** Deletes an account with its tokens and memberships. Throws `user_not_found`, `own_account`, `last_admin`. */
export async function deleteUser(state: State, idOrEmail: string, by: string): Promise<void> {
  await state.write(async (tx) => {
    const user = await getUser(tx, idOrEmail);
    refuseOneself(user, by, 'delete');
    await removeFromAllGroups(tx, user.id);
    await tx.delete(schema.userIdentities).where(eq(schema.userIdentities.user_id, user.id));
    await dropOneTimeTokens(tx, user.id);
    await deleteTokensOf(tx, user.id);
    await tx.delete(schema.users).where(eq(schema.users.id, user.id));
    await recordAudit(tx, {
      userId: by,
      action: 'user.delete',
      resource: `user:${user.id}`,
      params: { email: user.email },
    });
  });
}

export interface PasswordChange {
  readonly password: string;
  readonly by: string;
  readonly at: Date;
}

/**
 * Sets a password, ends the sessions of the account and lifts its pauses. Throws `user_not_found`, `weak_password`,
 * `sso_account`.
 */
export async function setPassword(
  state: State,
  passwords: Passwords,
  lockOut: LockOut,
  idOrEmail: string,
  { password, by, at }: PasswordChange,
): Promise<void> {
  const { email } = await getUser(state.db, idOrEmail);
  const hash = await newHash(passwords, password, email);
  await state.write(async (tx) => {
    const user = await getUser(tx, idOrEmail);
    await refuseSsoManaged(tx, user);
    await tx.update(schema.users).set({ password_hash: hash, updated_at: at }).where(eq(schema.users.id, user.id));
    await endSessions(tx, user.id, at);
    await dropOneTimeTokens(tx, user.id);
    await lockOut.lift(tx, user.email);
    await recordAudit(tx, { userId: by, action: 'user.set_password', resource: `user:${user.id}` });
  });
}

/** Throws `weak_password`. */
export async function newHash(passwords: Passwords, password: string, email: string): Promise<string> {
  checkPassword(password, email);
  return passwords.hash(password);
}

function refuseOneself(user: User, by: string, verb: string): void {
  if (user.id !== by) return;
  throw new AgnesError('own_account', `You cannot ${verb} your own account.`, {
    hint: 'Ask another administrator.',
  });
}
