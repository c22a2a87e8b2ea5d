import { AgnesError } from '@agnes/errors';
import { bumpVersion, newId, type StateDatabase, schema } from '@agnes/state';
import { recordAudit } from './audit.ts';
import { groupNameKey } from './group-names.ts';

/** Who made a group: the server, an administrator, or the directory that says who is in it. */
export type GroupOrigin = 'system' | 'custom' | 'google_sync';

/** `created_by` of the groups that the directory brought. */
const DIRECTORY = 'system:google-sync';

/** Group of a directory by id of the system group that it stands behind. */
export type MappedEmails = ReadonlyMap<string, string>;

type GroupFacts = Pick<typeof schema.userGroups.$inferSelect, 'id' | 'name' | 'is_system' | 'created_by'>;

export function originOf({ is_system, created_by }: Pick<GroupFacts, 'is_system' | 'created_by'>): GroupOrigin {
  if (is_system) return 'system';
  return created_by === DIRECTORY ? 'google_sync' : 'custom';
}

/** What an administrator is told of where a group's members come from. */
export function managementOf(group: GroupFacts, mapped: MappedEmails) {
  const origin = originOf(group);
  const mapped_email = mapped.get(group.id) ?? (origin === 'google_sync' ? group.name : null);
  return { origin, is_google_managed: mapped_email !== null, mapped_email };
}

/** Throws `google_managed_readonly` for a group whose members a directory names. */
export function refuseManaged(group: GroupFacts, mapped: MappedEmails): void {
  if (!managementOf(group, mapped).is_google_managed) return;
  throw new AgnesError(
    'google_managed_readonly',
    `A directory says who is in '${group.name}', so it is not changed here.`,
    {
      hint: 'Change it in the directory; it counts here from the next synchronisation.',
      details: { origin: originOf(group) },
    },
  );
}

/**
 * The id of the group that the directory calls so, which is made when it is missing. Undefined when the name belongs to a
 * group that did not come from there: a directory must not put people into a group by calling one of its own alike.
 */
export async function syncedGroup(tx: StateDatabase, name: string): Promise<string | undefined> {
  const key = groupNameKey(name);
  if (key === '') return undefined;
  const groups = await tx.select().from(schema.userGroups);
  const there = groups.find((group) => groupNameKey(group.name) === key || group.id === name.trim());
  if (there !== undefined) return originOf(there) === 'google_sync' ? there.id : undefined;
  const id = newId('group');
  await tx.insert(schema.userGroups).values({ id, name: name.trim(), created_at: new Date(), created_by: DIRECTORY });
  await recordAudit(tx, {
    userId: DIRECTORY,
    action: 'group.create',
    resource: `group:${id}`,
    params: { name, origin: 'google_sync' },
  });
  await bumpVersion(tx, 'access_version');
  return id;
}
