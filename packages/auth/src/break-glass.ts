import { AgnesError } from '@agnes/errors';
import { ADMIN_GROUP_ID, endSessions, insertMember, normaliseEmail, recordAudit } from '@agnes/rbac';
import { bumpVersion, type State, type StateDatabase, schema } from '@agnes/state';
import { and, asc, eq } from 'drizzle-orm';
import { isEmailAddress } from './email-address.ts';
import { closeBootstrap } from './first-admin.ts';
import { createLimits } from './limits.ts';
import { linkTo } from './links.ts';
import { createLockOut } from './lock-out.ts';
import { dropOneTimeTokens, issueOneTimeToken } from './one-time-tokens.ts';
import { createPasswords } from './password-hash.ts';
import { getUser, insertUser, newHash } from './users.ts';

/** What whoever may use the account that runs the server can do about its administrators, however locked out they are. */
export interface BreakGlass {
  /**
   * Makes an active administrator of an account, which is made when there is none. Again adds nothing. Throws
   * `invalid_request` for what is no e-mail address.
   */
  grantAdmin(email: string): Promise<GrantedAdmin>;
  listAdmins(): Promise<Administrator[]>;
  /** Sets a password, ends the sessions of the account and takes back its links. Throws `user_not_found`, `weak_password`. */
  setPassword(email: string, password: string): Promise<{ email: string }>;
}

export interface GrantedAdmin {
  readonly email: string;
  readonly id: string;
  /** Whether the account is new. */
  readonly created: boolean;
  /** Whether it was locked before. */
  readonly activated: boolean;
  /** Whether it could not administer before. */
  readonly granted: boolean;
  readonly has_password: boolean;
  /** Where a first password is chosen, once and within a week; null for an account that has one. Secret. */
  readonly set_up_link: string | null;
}

export interface Administrator {
  readonly id: string;
  readonly email: string;
  readonly active: boolean;
  readonly has_password: boolean;
  /** Who says that they are one: `admin`, `system_seed`, `cli_break_glass`, … */
  readonly sources: readonly string[];
}

const SOURCE = 'cli_break_glass';
/** Who did it, in the audit log: nobody who signed in. */
const BY = null;

export interface BreakGlassOptions {
  readonly state: State;
  /** The URL under which people reach the server, without a slash at the end. */
  readonly serverUrl: string;
  readonly now?: () => Date;
}

/** The group Admin must be there: `Access.seedSystemGroups` makes it. */
export function createBreakGlass({ state, serverUrl, now = () => new Date() }: BreakGlassOptions): BreakGlass {
  const lockOut = createLockOut({ state, limits: createLimits({ state, now, enabled: true }), now });
  const setUpLink = async (tx: StateDatabase, userId: string, at: Date): Promise<string> =>
    linkTo(serverUrl, 'invite', await issueOneTimeToken(tx, { userId, purpose: 'invite', by: BY, at }));
  return {
    async grantAdmin(input) {
      const email = normaliseEmail(input);
      if (!isEmailAddress(email)) {
        throw new AgnesError('invalid_request', `'${input.slice(0, 200)}' is not an e-mail address.`, {
          hint: 'Use: agnes-server break-glass grant-admin ana@example.com',
        });
      }
      return state.write(async (tx) => {
        const at = now();
        const [there] = await tx.select().from(schema.users).where(eq(schema.users.email, email));
        const user = there ?? (await insertUser(tx, { email, name: null, hash: null }, BY, at));
        if (!user.active) {
          await tx
            .update(schema.users)
            .set({ active: true, deactivated_at: null, deactivated_by: null, updated_at: at })
            .where(eq(schema.users.id, user.id));
          await bumpVersion(tx, 'access_version');
        }
        const memberships = await tx.select().from(schema.userGroupMembers).where(isAdminRow(user.id));
        // Beside what others say of them: a group that is synchronised takes back only what it gave.
        await insertMember(tx, { groupId: ADMIN_GROUP_ID, userId: user.id, source: SOURCE }, BY);
        await closeBootstrap(tx, 'break_glass', at);
        const result = { created: there === undefined, activated: !user.active, granted: memberships.length === 0 };
        await recordAudit(tx, {
          userId: BY,
          action: 'break_glass.grant_admin',
          resource: `user:${user.id}`,
          params: { email, ...result },
        });
        const has_password = user.password_hash !== null;
        const set_up_link = has_password ? null : await setUpLink(tx, user.id, at);
        return { ...result, email, id: user.id, has_password, set_up_link };
      });
    },

    async listAdmins() {
      const { userGroupMembers, users } = schema;
      const rows = await state.db
        .select({ user: users, source: userGroupMembers.source })
        .from(userGroupMembers)
        .innerJoin(users, eq(users.id, userGroupMembers.user_id))
        .where(eq(userGroupMembers.group_id, ADMIN_GROUP_ID))
        .orderBy(asc(users.email), asc(userGroupMembers.source));
      const byId = new Map<string, Administrator & { readonly sources: string[] }>();
      for (const { user, source } of rows) {
        const { id, email, active } = user;
        const known = byId.get(id) ?? { id, email, active, has_password: user.password_hash !== null, sources: [] };
        known.sources.push(source);
        byId.set(id, known);
      }
      await state.write((tx) => recordAudit(tx, { userId: BY, action: 'break_glass.list_admins' }));
      return [...byId.values()];
    },

    async setPassword(email, password) {
      const hash = await newHash(createPasswords(), password, (await getUser(state.db, email)).email);
      return state.write(async (tx) => {
        const user = await getUser(tx, email);
        const at = now();
        await tx.update(schema.users).set({ password_hash: hash, updated_at: at }).where(eq(schema.users.id, user.id));
        await endSessions(tx, user.id, at);
        await dropOneTimeTokens(tx, user.id);
        await lockOut.lift(tx, user.email);
        await recordAudit(tx, { userId: BY, action: 'break_glass.set_password', resource: `user:${user.id}` });
        return { email: user.email };
      });
    },
  };
}

const isAdminRow = (userId: string) =>
  and(eq(schema.userGroupMembers.user_id, userId), eq(schema.userGroupMembers.group_id, ADMIN_GROUP_ID));
