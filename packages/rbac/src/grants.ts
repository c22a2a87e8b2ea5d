import { AgnesError } from '@agnes/errors';
import { bumpVersion, newId, type State, type StateDatabase, schema } from '@agnes/state';
import { and, asc, eq } from 'drizzle-orm';
import { recordAudit } from './audit.ts';
import { requireGroup } from './groups.ts';
import type { ResourceTypes } from './resource-types.ts';

/** A grant with the names of its group and its resource. */
export interface Grant {
  readonly id: string;
  readonly group_id: string;
  readonly group_name: string;
  readonly resource_type: string;
  readonly resource_id: string;
  readonly resource_name: string | null;
  readonly assigned_at: Date;
  readonly assigned_by: string | null;
}

export interface GrantFilter {
  readonly resource_type?: string | undefined;
  /** Id or name. */
  readonly group_id?: string | undefined;
}

/** Every grant, or those of a type or group, by group and name. Throws `unknown_resource_type`, `group_not_found`. */
export async function listGrants(state: State, types: ResourceTypes, filter: GrantFilter = {}): Promise<Grant[]> {
  const { resourceGrants, userGroups } = schema;
  if (filter.resource_type !== undefined) types.require(filter.resource_type);
  const group = filter.group_id === undefined ? undefined : await requireGroup(state.db, filter.group_id);
  const rows = await state.db
    .select({ grant: resourceGrants, group_name: userGroups.name })
    .from(resourceGrants)
    .innerJoin(userGroups, eq(userGroups.id, resourceGrants.group_id))
    .where(
      and(
        filter.resource_type === undefined ? undefined : eq(resourceGrants.resource_type, filter.resource_type),
        group === undefined ? undefined : eq(resourceGrants.group_id, group.id),
      ),
    )
    .orderBy(asc(userGroups.name), asc(resourceGrants.resource_type), asc(resourceGrants.resource_id));
  const names = await types.names(rows.map(({ grant }) => grant));
  return rows.map(({ grant, group_name }) => ({
    ...grant,
    group_name,
    resource_name: names.get(`${grant.resource_type} ${grant.resource_id}`) ?? null,
  }));
}

export interface NewGrant {
  /** Id or name. */
  readonly group_id: string;
  readonly resource_type: string;
  /** Id or name; the id is stored. */
  readonly resource_id: string;
}

/**
 * Grants a resource that exists to a group. Throws `unknown_resource_type`, `group_not_found`, `grant_exists`, and the
 * type's own not-found code, e.g. `table_not_found`.
 */
export async function createGrant(state: State, types: ResourceTypes, input: NewGrant, by: string): Promise<Grant> {
  const { resourceGrants } = schema;
  return state.write(async (tx) => {
    types.require(input.resource_type);
    const group = await requireGroup(tx, input.group_id);
    // Inside the transaction: writes are serialised, so the resource cannot go before the grant is there.
    const resource = await types.resolve(input.resource_type, input.resource_id);
    const [there] = await tx
      .select()
      .from(resourceGrants)
      .where(and(eq(resourceGrants.group_id, group.id), isFor(input.resource_type, resource.id)));
    if (there !== undefined) {
      throw new AgnesError('grant_exists', `'${resource.name}' is granted to '${group.name}' already.`, {
        hint: 'There is nothing to do: agnes admin grant list shows it.',
        details: { grant_id: there.id },
      });
    }
    const grant = {
      id: newId('grant'),
      group_id: group.id,
      resource_type: input.resource_type,
      resource_id: resource.id,
      assigned_at: new Date(),
      assigned_by: by,
    };
    await tx.insert(resourceGrants).values(grant);
    await recordAudit(tx, {
      userId: by,
      action: 'grant.create',
      resource: `${grant.resource_type}:${grant.resource_id}`,
      params: { grant_id: grant.id, group_id: group.id },
    });
    await bumpVersion(tx, 'access_version');
    return { ...grant, group_name: group.name, resource_name: resource.name };
  });
}

/** Takes a grant back. Throws `grant_not_found`. */
export async function deleteGrant(state: State, id: string, by: string): Promise<void> {
  const { resourceGrants } = schema;
  await state.write(async (tx) => {
    const [grant] = await tx.select().from(resourceGrants).where(eq(resourceGrants.id, id));
    if (grant === undefined) {
      throw new AgnesError('grant_not_found', `There is no grant '${id}'.`, { hint: 'agnes admin grant list' });
    }
    await tx.delete(resourceGrants).where(eq(resourceGrants.id, id));
    await recordAudit(tx, {
      userId: by,
      action: 'grant.delete',
      resource: `${grant.resource_type}:${grant.resource_id}`,
      params: { grant_id: id, group_id: grant.group_id },
    });
    await bumpVersion(tx, 'access_version');
  });
}

/** Takes back every grant of a resource, and its policies, inside the transaction that deletes the resource. */
export async function revokeResource(tx: StateDatabase, resourceType: string, resourceId: string): Promise<void> {
  if (resourceType === 'table') {
    await tx.delete(schema.tablePolicies).where(eq(schema.tablePolicies.table_id, resourceId));
  }
  await tx.delete(schema.resourceGrants).where(isFor(resourceType, resourceId));
  await bumpVersion(tx, 'access_version');
}

const isFor = (resourceType: string, resourceId: string) =>
  and(eq(schema.resourceGrants.resource_type, resourceType), eq(schema.resourceGrants.resource_id, resourceId));
