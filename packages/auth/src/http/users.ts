import { callerOf, type Handlers, type userOperations } from '@agnes/api-contract';
import { type Access, isAdmin, type Membership, originOf } from '@agnes/rbac';
import type { Auth } from '../auth.ts';
import { isSsoSource } from '../sso-managed.ts';
import type { User } from '../users.ts';
import { roleOf } from './signed-in-body.ts';

export interface UserHandlersOptions {
  readonly auth: Auth;
  readonly access: Pick<Access, 'groupsOf' | 'membershipsByUser'>;
}

/** The operations on accounts. */
export function userHandlers({ auth, access }: UserHandlersOptions): Handlers<typeof userOperations> {
  const withGroups = async (user: User) => userBody(user, await access.groupsOf(user.id));
  return {
    listUsers: async () => {
      const [users, groups] = await Promise.all([auth.listUsers(), access.membershipsByUser()]);
      return users.map((user) => userBody(user, groups.get(user.id) ?? []));
    },
    getUser: async ({ params }) => withGroups(await auth.getUser(params.id)),
    createUser: async ({ body: { send_invite, ...input } }, context) => {
      const by = callerOf(context).userId;
      const user = await withGroups(await auth.createUser(input, by));
      if (!send_invite) return user;
      const { url, sent } = await auth.inviteUser(user.id, by);
      return { ...user, invite_url: url, invite_email_sent: sent };
    },
    updateUser: async ({ params, body }, context) =>
      withGroups(await auth.updateUser(params.id, body, callerOf(context).userId)),
    activateUser: async ({ params }, context) =>
      withGroups(await auth.updateUser(params.id, { active: true }, callerOf(context).userId)),
    deactivateUser: async ({ params }, context) =>
      withGroups(await auth.updateUser(params.id, { active: false }, callerOf(context).userId)),
    deleteUser: async ({ params }, context) => {
      await auth.deleteUser(params.id, callerOf(context).userId);
      return undefined;
    },
    setPassword: async ({ params, body }, context) => {
      await auth.setPassword(params.id, body.password, callerOf(context).userId);
      return undefined;
    },
  };
}

function userBody(user: User, groups: readonly Membership[]) {
  const admin = isAdmin(groups);
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    role: roleOf(admin),
    is_admin: admin,
    is_sso_user: groups.some(({ source }) => isSsoSource(source)),
    groups: groups.map(({ id, name, is_system, created_by }) => ({
      id,
      name,
      is_system,
      origin: originOf({ is_system, created_by }),
    })),
    active: user.active,
    has_password: user.password_hash !== null,
    created_at: user.created_at.toISOString(),
    deactivated_at: user.deactivated_at?.toISOString() ?? null,
  };
}
