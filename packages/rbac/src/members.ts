import { AgnesError } from '@agnes/errors';
import { type State, schema } from '@agnes/state';
import { and, asc, eq } from 'drizzle-orm';
import { EVERYONE_GROUP_ID, requireGroup } from './groups.ts';
import { keepAnAdmin } from './last-admin.ts';
import { type MappedEmails, refuseManaged } from './managed-groups.ts';
import { insertMember, type MembershipSource, withdrawMember } from './membership-rows.ts';
import { getPerson } from './people.ts';

export interface Member {
  readonly user_id: string;
  readonly email: string;
  readonly name: string | null;
  readonly active: boolean;
  readonly source: string;
  readonly added_at: Date;
  readonly added_by: string | null;
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

/** What somebody did by hand; an administrator takes back both. A synchronisation or a setting would say so again. */
const BY_HAND: readonly MembershipSource[] = ['admin', 'cli_break_glass'];

/**
 * Takes back what `source` gave, an administrator also what break-glass gave. Throws `group_not_found`, `user_not_found`, `member_not_found` (also when another source
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
    const sources = source === 'admin' ? BY_HAND : [source];
    const given = rows.filter((row) => sources.includes(row.source));
    if (given.length === 0) {
      throw notRemovable(
        person.email,
        found.name,
        found.id === EVERYONE_GROUP_ID ? ['implicit'] : rows.map((r) => r.source),
      );
    }
    await keepAnAdmin(tx, async () => {
      for (const { source } of given) await withdrawMember(tx, { groupId: found.id, userId: person.id, source }, by);
    });
  });
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
