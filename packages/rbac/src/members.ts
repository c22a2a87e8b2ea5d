import { AgnesError } from '@agnes/errors';
import { bumpVersion, type State, type StateDatabase, schema } from '@agnes/state';
import { and, asc, eq } from 'drizzle-orm';
import { recordAudit } from './audit.ts';
import { endSessions } from './end-sessions.ts';
import { ADMIN_GROUP_ID, EVERYONE_GROUP_ID, requireGroup } from './groups.ts';
import { keepAnAdmin } from './last-admin.ts';
import { type MappedEmails, refuseManaged } from './managed-groups.ts';
import { getPerson } from './people.ts';

/** Who says that somebody is a member. Each says so in a row of its own, and takes away only what it gave. */
export type MembershipSource = 'admin' | 'system_seed' | (string & {});

export interface Member {
  readonly user_id: string;
  readonly email: string;
  readonly name: string | null;
  readonly active: boolean;
  readonly source: string;
  readonly added_at: Date;
  readonly added_by: string | null;
}

/** A group somebody is in, and who said so first. */
export interface Membership {
  readonly id: string;
  readonly name: string;
  readonly is_system: boolean;
  readonly created_by: string | null;
  /** `implicit` for Everyone. */
  readonly source: string;
}

/** Members by e-mail address, one entry for each source. Throws `group_not_found`. */
export async function listMembers(state: State, group: string): Promise<Member[]> {
  const { userGroupMembers, users } = schema;
  const { id } = await requireGroup(state.db, group);
  if (id === EVERYONE_GROUP_ID) return listEveryone(state);
  return state.db
    .select({
      user_id: users.id,
      email: users.email,
      name: users.name,
      active: users.active,
      source: userGroupMembers.source,
      added_at: userGroupMembers.added_at,
      added_by: userGroupMembers.added_by,
    })
    .from(userGroupMembers)
    .innerJoin(users, eq(users.id, userGroupMembers.user_id))
    .where(eq(userGroupMembers.group_id, id))
    .orderBy(asc(users.email), asc(userGroupMembers.source));
}

async function listEveryone(state: State): Promise<Member[]> {
  const { users } = schema;
  const people = await state.db.select().from(users).where(eq(users.active, true)).orderBy(asc(users.email));
  return people.map(({ id, email, name, active, created_at }) => ({
    user_id: id,
    email,
    name,
    active,
    source: 'implicit',
    added_at: created_at,
    added_by: null,
  }));
}

/** The groups somebody is in. Everyone is among them while the account is active. */
export async function groupsOf(state: State, userId: string): Promise<Membership[]> {
  return (await membershipsByUser(state, userId)).get(userId) ?? [];
}

/** {@link groupsOf} for everybody, or for one person, in two queries. */
export async function membershipsByUser(state: State, userId?: string): Promise<Map<string, Membership[]>> {
  const { userGroupMembers, userGroups, users } = schema;
  const [people, rows] = await Promise.all([
    state.db
      .select({ id: users.id, active: users.active })
      .from(users)
      .where(userId === undefined ? undefined : eq(users.id, userId)),
    state.db
      .select({
        userId: userGroupMembers.user_id,
        id: userGroups.id,
        name: userGroups.name,
        is_system: userGroups.is_system,
        created_by: userGroups.created_by,
        source: userGroupMembers.source,
      })
      .from(userGroupMembers)
      .innerJoin(userGroups, eq(userGroups.id, userGroupMembers.group_id))
      .where(userId === undefined ? undefined : eq(userGroupMembers.user_id, userId))
      .orderBy(asc(userGroups.name), asc(userGroupMembers.source)),
  ]);
  const result = new Map<string, Membership[]>(
    people.map(({ id, active }) => [id, active ? [EVERYONE_MEMBERSHIP] : []]),
  );
  for (const { userId: member, ...membership } of rows) {
    const groups = result.get(member);
    if (groups !== undefined && !groups.some(({ id }) => id === membership.id)) groups.push(membership);
  }
  return result;
}

const EVERYONE_MEMBERSHIP: Membership = {
  id: EVERYONE_GROUP_ID,
  name: 'Everyone',
  is_system: true,
  created_by: 'system',
  source: 'implicit',
};

export interface MembershipKey {
  readonly groupId: string;
  readonly userId: string;
  readonly source: MembershipSource;
}

/** Adds a membership inside a transaction. False when that source said so before; then nothing changes. */
export async function insertMember(tx: StateDatabase, key: MembershipKey, by: string | null): Promise<boolean> {
  const { userGroupMembers } = schema;
  const before = await sourcesOf(tx, key);
  if (before.includes(key.source)) return false;
  if (before.length === 0) await endSessionsOfAdmin(tx, key);
  await tx.insert(userGroupMembers).values({
    user_id: key.userId,
    group_id: key.groupId,
    source: key.source,
    added_at: new Date(),
    added_by: by,
  });
  await recordAudit(tx, {
    userId: by,
    action: 'member.add',
    resource: `group:${key.groupId}`,
    params: { user_id: key.userId, source: key.source },
  });
  await bumpVersion(tx, 'access_version');
  return true;
}

/**
 * Adds a person (id or e-mail address) to a group (id or name). Throws `group_not_found`, `user_not_found`,
 * `member_exists` when the same source said so before, `system_group` for Everyone, and `google_managed_readonly` for an
 * administrator in a group of a directory.
 */
export async function addMember(
  state: State,
  group: string,
  user: string,
  source: MembershipSource,
  by: string | null,
  mapped: MappedEmails = new Map(),
): Promise<Member> {
  const { groupId, userId } = await state.write(async (tx) => {
    const found = await requireGroup(tx, group);
    if (found.id === EVERYONE_GROUP_ID) {
      throw new AgnesError('system_group', 'Everybody is a member of Everyone already.', {
        hint: 'Name another group: agnes admin group list',
      });
    }
    if (source === 'admin') refuseManaged(found, mapped);
    const person = await getPerson(tx, user);
    if (!(await insertMember(tx, { groupId: found.id, userId: person.id, source }, by))) {
      throw new AgnesError('member_exists', `${person.email} is a member of '${found.name}' already.`, {
        hint: `See who is: agnes admin group members ${found.name}`,
      });
    }
    return { groupId: found.id, userId: person.id };
  });
  const added = (await listMembers(state, groupId)).find(
    (member) => member.user_id === userId && member.source === source,
  );
  if (added === undefined) {
    throw new AgnesError('member_not_found', 'The membership was taken back at the same time.', {
      hint: `See who is a member: agnes admin group members ${group}`,
    });
  }
  return added;
}

/**
 * Takes back what `source` gave. Throws `group_not_found`, `user_not_found`, `member_not_found` (also when another source
 * still says so, and then names it), `last_admin`, and `google_managed_readonly` as {@link addMember}.
 */
export async function removeMember(
  state: State,
  group: string,
  user: string,
  source: MembershipSource,
  by: string | null,
  mapped: MappedEmails = new Map(),
): Promise<void> {
  const { userGroupMembers } = schema;
  await state.write(async (tx) => {
    const found = await requireGroup(tx, group);
    if (source === 'admin') refuseManaged(found, mapped);
    const person = await getPerson(tx, user);
    const rows = await tx
      .select({ source: userGroupMembers.source })
      .from(userGroupMembers)
      .where(and(eq(userGroupMembers.group_id, found.id), eq(userGroupMembers.user_id, person.id)));
    if (!rows.some((row) => row.source === source)) {
      throw notRemovable(
        person.email,
        found.name,
        found.id === EVERYONE_GROUP_ID ? ['implicit'] : rows.map((r) => r.source),
      );
    }
    await keepAnAdmin(tx, () => deleteMember(tx, { groupId: found.id, userId: person.id, source }));
    await recordAudit(tx, {
      userId: by,
      action: 'member.remove',
      resource: `group:${found.id}`,
      params: { user_id: person.id, source },
    });
    await bumpVersion(tx, 'access_version');
  });
}

/** Deletes one source's row inside a transaction; whoever is no member of Admin after that signs in anew. */
export async function deleteMember(tx: StateDatabase, key: MembershipKey): Promise<void> {
  await tx.delete(schema.userGroupMembers).where(matches(key));
  if ((await sourcesOf(tx, key)).length === 0) await endSessionsOfAdmin(tx, key);
}

/** Takes an account out of every group, inside the transaction that deletes the account. Throws `last_admin`. */
export async function removeFromAllGroups(tx: StateDatabase, userId: string): Promise<void> {
  await keepAnAdmin(tx, () => tx.delete(schema.userGroupMembers).where(eq(schema.userGroupMembers.user_id, userId)));
  await bumpVersion(tx, 'access_version');
}

/** Whoever becomes an administrator, or is one no longer, signs in anew: no session changes what it may do that far. */
async function endSessionsOfAdmin(tx: StateDatabase, key: Pick<MembershipKey, 'groupId' | 'userId'>): Promise<void> {
  if (key.groupId === ADMIN_GROUP_ID) await endSessions(tx, key.userId, new Date());
}

async function sourcesOf(tx: StateDatabase, { groupId, userId }: MembershipKey): Promise<string[]> {
  const { userGroupMembers } = schema;
  const rows = await tx
    .select({ source: userGroupMembers.source })
    .from(userGroupMembers)
    .where(and(eq(userGroupMembers.group_id, groupId), eq(userGroupMembers.user_id, userId)));
  return rows.map(({ source }) => source);
}

function matches(key: MembershipKey) {
  const { userGroupMembers } = schema;
  return and(
    eq(userGroupMembers.group_id, key.groupId),
    eq(userGroupMembers.user_id, key.userId),
    eq(userGroupMembers.source, key.source),
  );
}

function notRemovable(email: string, group: string, sources: readonly string[]): AgnesError {
  if (sources.length === 0) {
    return new AgnesError('member_not_found', `${email} is not a member of '${group}'.`, {
      hint: `agnes admin group members ${group}`,
    });
  }
  return new AgnesError(
    'member_not_found',
    `The membership of ${email} in '${group}' was not given by an administrator (${sources.join(', ')}), so it is not taken back here.`,
    {
      hint: sources.includes('system_seed')
        ? 'It comes from SEED_ADMIN_EMAIL: change that setting, or deactivate the account.'
        : 'Deactivate the account, or change it where it comes from.',
    },
  );
}

/** Whether these groups make an administrator. */
export const isAdmin = (groups: readonly { readonly id: string }[]): boolean =>
  groups.some(({ id }) => id === ADMIN_GROUP_ID);
