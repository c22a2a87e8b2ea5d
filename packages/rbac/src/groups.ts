import { AgnesError } from '@agnes/errors';
import { bumpVersion, newId, type State, type StateDatabase, schema } from '@agnes/state';
import { count, countDistinct, eq } from 'drizzle-orm';
import { recordAudit } from './audit.ts';
import { checkGroupName, sameGroupName } from './group-names.ts';
import { type GroupOrigin, type MappedEmails, managementOf, refuseManaged } from './managed-groups.ts';

/** Members may administer the server and read everything. */
export const ADMIN_GROUP_ID = 'group_admin';
/** Every active account is a member, without a row that says so. */
export const EVERYONE_GROUP_ID = 'group_everyone';

export type Group = typeof schema.userGroups.$inferSelect;
export interface GroupWithCounts extends Group {
  readonly origin: GroupOrigin;
  /** Whether a directory says who is in it. */
  readonly is_google_managed: boolean;
  /** The group of the directory that stands behind it. */
  readonly mapped_email: string | null;
  readonly member_count: number;
  readonly grant_count: number;
}

const SYSTEM_GROUPS = [
  { id: ADMIN_GROUP_ID, name: 'Admin', description: 'May administer the server and read everything.' },
  { id: EVERYONE_GROUP_ID, name: 'Everyone', description: 'Every active account.' },
];

/** Makes the Admin and Everyone groups where they are missing. */
export async function seedSystemGroups(state: State): Promise<void> {
  await state.write(async (tx) => {
    for (const { id, name, description } of SYSTEM_GROUPS) {
      const [there] = await tx.select().from(schema.userGroups).where(eq(schema.userGroups.id, id));
      if (there !== undefined) continue;
      await tx.insert(schema.userGroups).values({
        id,
        name,
        description,
        is_system: true,
        created_at: new Date(),
        created_by: 'system',
      });
      await bumpVersion(tx, 'access_version');
    }
  });
}

const NOT_MAPPED: MappedEmails = new Map();

/** Every group with how many people and grants it has, system groups first, then by name. */
export async function listGroups(state: State, mapped = NOT_MAPPED): Promise<GroupWithCounts[]> {
  const { userGroups, userGroupMembers, resourceGrants, users } = schema;
  const [groups, members, grants, [everyone]] = await Promise.all([
    state.db.select().from(userGroups),
    state.db
      .select({ id: userGroupMembers.group_id, n: countDistinct(userGroupMembers.user_id) })
      .from(userGroupMembers)
      .groupBy(userGroupMembers.group_id),
    state.db.select({ id: resourceGrants.group_id, n: count() }).from(resourceGrants).groupBy(resourceGrants.group_id),
    state.db.select({ n: count() }).from(users).where(eq(users.active, true)),
  ]);
  const memberCounts = new Map(members.map(({ id, n }) => [id, n]));
  memberCounts.set(EVERYONE_GROUP_ID, everyone?.n ?? 0);
  const grantCounts = new Map(grants.map(({ id, n }) => [id, n]));
  return groups
    .sort((a, b) => Number(b.is_system) - Number(a.is_system) || a.name.localeCompare(b.name, 'en'))
    .map((group) => ({
      ...group,
      ...managementOf(group, mapped),
      member_count: memberCounts.get(group.id) ?? 0,
      grant_count: grantCounts.get(group.id) ?? 0,
    }));
}

/** One group by id or name. Throws `group_not_found`. */
export async function getGroup(state: State, idOrName: string, mapped = NOT_MAPPED): Promise<GroupWithCounts> {
  const { id } = await requireGroup(state.db, idOrName);
  const group = (await listGroups(state, mapped)).find((candidate) => candidate.id === id);
  if (group === undefined) throw groupNotFound(idOrName);
  return group;
}

/** The group with this id, or else with a name that reads alike. Throws `group_not_found`. */
export async function requireGroup(db: StateDatabase, idOrName: string): Promise<Group> {
  const groups = await db.select().from(schema.userGroups);
  const group = groups.find(({ id }) => id === idOrName) ?? groups.find(({ name }) => sameGroupName(name, idOrName));
  if (group === undefined) throw groupNotFound(idOrName);
  return group;
}

export interface NewGroup {
  readonly name: string;
  readonly description?: string | null | undefined;
}

/** Throws `group_exists`, and `invalid_request` for a name that misleads. */
export async function createGroup(state: State, input: NewGroup, by: string): Promise<GroupWithCounts> {
  checkGroupName(input.name);
  const id = newId('group');
  await state.write(async (tx) => {
    await refuseTakenName(tx, input.name);
    await tx.insert(schema.userGroups).values({
      id,
      name: input.name.trim(),
      description: input.description ?? null,
      created_at: new Date(),
      created_by: by,
    });
    await recordAudit(tx, {
      userId: by,
      action: 'group.create',
      resource: `group:${id}`,
      params: { name: input.name },
    });
    await bumpVersion(tx, 'access_version');
  });
  return getGroup(state, id);
}

export interface GroupPatch {
  readonly name?: string | undefined;
  readonly description?: string | null | undefined;
}

/**
 * Throws `group_not_found`, `group_exists`, `system_group` for a new name of a system group, and `google_managed_readonly`
 * for a group of a directory.
 */
export async function updateGroup(
  state: State,
  idOrName: string,
  patch: GroupPatch,
  by: string,
  mapped = NOT_MAPPED,
): Promise<GroupWithCounts> {
  const id = await state.write(async (tx) => {
    const group = await requireGroup(tx, idOrName);
    const name = patch.name?.trim() ?? group.name;
    if (!group.is_system) refuseManaged(group, mapped);
    if (name !== group.name) {
      refuseSystem(group, 'renamed');
      checkGroupName(name);
      await refuseTakenName(tx, name, group.id);
    }
    const description = patch.description === undefined ? group.description : patch.description;
    await tx.update(schema.userGroups).set({ name, description }).where(eq(schema.userGroups.id, group.id));
    await recordAudit(tx, {
      userId: by,
      action: 'group.update',
      resource: `group:${group.id}`,
      params: { name, description },
    });
    await bumpVersion(tx, 'access_version');
    return group.id;
  });
  return getGroup(state, id, mapped);
}

/**
 * Deletes a group with its memberships, grants and policies. Throws `group_not_found`, `system_group`,
 * `google_managed_readonly`.
 */
export async function deleteGroup(state: State, idOrName: string, by: string, mapped = NOT_MAPPED): Promise<void> {
  await state.write(async (tx) => {
    const group = await requireGroup(tx, idOrName);
    refuseSystem(group, 'deleted');
    refuseManaged(group, mapped);
    await tx.delete(schema.tablePolicies).where(eq(schema.tablePolicies.group_id, group.id));
    await tx.delete(schema.resourceGrants).where(eq(schema.resourceGrants.group_id, group.id));
    await tx.delete(schema.userGroupMembers).where(eq(schema.userGroupMembers.group_id, group.id));
    await tx.delete(schema.userGroups).where(eq(schema.userGroups.id, group.id));
    await recordAudit(tx, {
      userId: by,
      action: 'group.delete',
      resource: `group:${group.id}`,
      params: { name: group.name },
    });
    await bumpVersion(tx, 'access_version');
  });
}

async function refuseTakenName(tx: StateDatabase, name: string, except?: string): Promise<void> {
  const groups = await tx.select().from(schema.userGroups);
  const taken = groups.find(
    (group) => group.id !== except && (sameGroupName(group.name, name) || group.id === name.trim()),
  );
  if (taken === undefined) return;
  throw new AgnesError('group_exists', `A group named '${taken.name}' exists.`, {
    hint: 'Choose another name; letter case and look-alike characters make no difference.',
  });
}

function refuseSystem(group: Group, verb: string): void {
  if (!group.is_system) return;
  throw new AgnesError('system_group', `'${group.name}' is a system group and cannot be ${verb}.`, {
    hint: 'Make a group of your own: agnes admin group create <name>',
  });
}

const groupNotFound = (idOrName: string): AgnesError =>
  new AgnesError('group_not_found', `There is no group '${idOrName}'.`, { hint: 'agnes admin group list' });
