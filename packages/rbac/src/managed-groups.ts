import { AgnesError } from '@agnes/errors';
import { bumpVersion, newId, type StateDatabase, schema } from '@agnes/state';
import { recordAudit } from './audit.ts';
import { groupNameKey } from './group-names.ts';

/** Who made a group: the server, an administrator, or a directory that says who is in it. */
export type GroupOrigin = 'system' | 'custom' | DirectoryOrigin;
export type DirectoryOrigin = 'google_sync' | 'oidc_sync';

/** `created_by` of the groups that a directory brought. */
const CREATED_BY: Readonly<Record<DirectoryOrigin, string>> = {
  google_sync: 'system:google-sync',
  oidc_sync: 'system:oidc-sync',
};

/** Group of a directory by id of the system group that it stands behind. */
export type MappedEmails = ReadonlyMap<string, string>;

type GroupFacts = Pick<typeof schema.userGroups.$inferSelect, 'id' | 'name' | 'is_system' | 'created_by'>;

export function originOf({ is_system, created_by }: Pick<GroupFacts, 'is_system' | 'created_by'>): GroupOrigin {
  if (is_system) return 'system';
  if (created_by === CREATED_BY.google_sync) return 'google_sync';
  return created_by === CREATED_BY.oidc_sync ? 'oidc_sync' : 'custom';
}

/** What an administrator is told of where a group's members come from. */
export function managementOf(group: GroupFacts, mapped: MappedEmails) {
  const origin = originOf(group);
  const mapped_email = mapped.get(group.id) ?? (origin === 'google_sync' ? group.name : null);
  return { origin, is_google_managed: isDirectory(origin) || mapped.has(group.id), mapped_email };
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

const isDirectory = (origin: GroupOrigin): boolean => origin === 'google_sync' || origin === 'oidc_sync';

/**
 * The id of the group that a directory calls so, which is made when it is missing. Undefined when the name belongs to a
 * group that did not come from there: a directory must not put people into a group by calling one of its own alike.
 */
export async function syncedGroup(
  tx: StateDatabase,
  { name, origin }: { readonly name: string; readonly origin: DirectoryOrigin },
): Promise<string | undefined> {
  const key = groupNameKey(name);
  if (key === '') return undefined;
  const groups = await tx.select().from(schema.userGroups);
  const there = groups.find((group) => groupNameKey(group.name) === key || group.id === name.trim());
  if (there !== undefined) return originOf(there) === origin ? there.id : undefined;
  const id = newId('group');
  const created_by = CREATED_BY[origin];
  await tx.insert(schema.userGroups).values({ id, name: name.trim(), created_at: new Date(), created_by });
  await recordAudit(tx, {
    userId: created_by,
    action: 'group.create',
    resource: `group:${id}`,
    params: { name, origin },
  });
  await bumpVersion(tx, 'access_version');
  return id;
}
