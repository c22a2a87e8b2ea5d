import * as v from 'valibot';
import { defineOperation } from '../operation.ts';
import { email, id, idParams, longText, nonNegative, shortText, time } from '../schemas.ts';

/** Who made a group: `system`, an administrator (`custom`), or Google Workspace (`google_sync`). */
const origin = v.picklist(['system', 'custom', 'google_sync']);

const group = v.object({
  id,
  name: v.string(),
  description: v.nullable(v.string()),
  is_system: v.boolean(),
  origin,
  /** Whether a directory says who is in it, so that nobody else may. */
  is_google_managed: v.boolean(),
  /** The group of the directory that stands behind it. */
  mapped_email: v.nullable(v.string()),
  created_at: time,
  created_by: v.nullable(v.string()),
  member_count: nonNegative,
  grant_count: nonNegative,
});

const member = v.object({
  user_id: v.string(),
  email: v.string(),
  name: v.nullable(v.string()),
  active: v.boolean(),
  source: v.string(),
  added_at: time,
  added_by: v.nullable(v.string()),
});

const grant = v.object({
  id,
  group_id: v.string(),
  group_name: v.string(),
  resource_type: v.string(),
  resource_id: v.string(),
  /** The resource's own name, when it has one. */
  resource_name: v.nullable(v.string()),
  assigned_at: time,
  assigned_by: v.nullable(v.string()),
});

const resourceType = v.object({
  key: v.string(),
  display_name: v.string(),
  description: v.string(),
  id_format: v.string(),
});

const membership = v.object({
  group_id: v.string(),
  group_name: v.string(),
  is_system: v.boolean(),
  origin,
  source: v.string(),
  added_at: time,
  added_by: v.nullable(v.string()),
});

/** A group through which somebody has a resource, and what its policy takes away; no policy: it gives all of it. */
const via = v.object({
  group_id: v.string(),
  group_name: v.string(),
  policy: v.nullable(v.object({ id, filters_rows: v.boolean(), masked_columns: v.array(v.string()) })),
});

const effectiveAccess = v.object({
  is_admin: v.boolean(),
  /** Explicit grants only: what Admin implies is not listed. */
  items: v.array(
    v.object({
      resource_type: v.string(),
      resource_id: v.string(),
      resource_name: v.nullable(v.string()),
      /** Whether the person sees a part of it only: no group of theirs gives all of it, and they are no administrator. */
      restricted: v.boolean(),
      via_groups: v.array(via),
    }),
  ),
});

const tableAccess = v.object({
  table_id: v.string(),
  name: v.string(),
  groups: v.array(v.object({ ...via.entries, member_count: nonNegative })),
  /** Every active account that may read the table. */
  people: v.array(
    v.object({
      user_id: v.string(),
      email: v.string(),
      name: v.nullable(v.string()),
      /** An administrator reads all of it, granted or not. */
      is_admin: v.boolean(),
      restricted: v.boolean(),
      via_groups: v.array(via),
    }),
  ),
});

const admin = { tag: 'access', access: 'admin' } as const;

export const accessOperations = {
  listResourceTypes: defineOperation({
    ...admin,
    id: 'listResourceTypes',
    method: 'GET',
    path: '/api/admin/resource-types',
    summary: 'What can be granted.',
    status: 200,
    response: v.array(resourceType),
    errors: [],
    cli: 'admin grant resource-types',
  }),
  accessOverview: defineOperation({
    ...admin,
    id: 'accessOverview',
    method: 'GET',
    path: '/api/admin/access-overview',
    summary: 'Groups, grants and everything that can be granted, in one answer.',
    status: 200,
    response: v.object({
      groups: v.array(group),
      grants: v.array(grant),
      resources: v.array(
        v.object({
          type_key: v.string(),
          type_display: v.string(),
          blocks: v.array(
            v.object({
              name: v.string(),
              items: v.array(v.looseObject({ resource_id: v.string(), name: v.string() })),
            }),
          ),
        }),
      ),
    }),
    errors: [],
  }),
  listGroups: defineOperation({
    ...admin,
    id: 'listGroups',
    method: 'GET',
    path: '/api/admin/groups',
    summary: 'Every group.',
    status: 200,
    response: v.array(group),
    errors: [],
    cli: 'admin group list',
  }),
  getGroup: defineOperation({
    ...admin,
    id: 'getGroup',
    method: 'GET',
    path: '/api/admin/groups/{id}',
    summary: 'One group, by id or name.',
    params: idParams,
    status: 200,
    response: group,
    errors: ['group_not_found'],
  }),
  createGroup: defineOperation({
    ...admin,
    id: 'createGroup',
    method: 'POST',
    path: '/api/admin/groups',
    summary: 'Adds a group.',
    body: v.object({ name: shortText, description: v.optional(v.nullable(longText)) }),
    status: 201,
    response: group,
    errors: ['group_exists'],
    cli: 'admin group create',
  }),
  updateGroup: defineOperation({
    ...admin,
    id: 'updateGroup',
    method: 'PATCH',
    path: '/api/admin/groups/{id}',
    summary: 'Renames or describes a group.',
    params: idParams,
    body: v.object({ name: v.optional(shortText), description: v.optional(v.nullable(longText)) }),
    status: 200,
    response: group,
    errors: ['group_not_found', 'group_exists', 'system_group', 'google_managed_readonly'],
    cli: 'admin group rename',
  }),
  deleteGroup: defineOperation({
    ...admin,
    id: 'deleteGroup',
    method: 'DELETE',
    path: '/api/admin/groups/{id}',
    summary: 'Deletes a group with its members, grants and policies.',
    params: idParams,
    status: 204,
    response: 'empty',
    errors: ['group_not_found', 'system_group', 'google_managed_readonly'],
    cli: 'admin group delete',
  }),
  listMembers: defineOperation({
    ...admin,
    id: 'listMembers',
    method: 'GET',
    path: '/api/admin/groups/{id}/members',
    summary: 'Members of a group. Everybody is a member of Everyone.',
    params: idParams,
    status: 200,
    response: v.array(member),
    errors: ['group_not_found'],
    cli: 'admin group members',
  }),
  addMember: defineOperation({
    ...admin,
    id: 'addMember',
    method: 'POST',
    path: '/api/admin/groups/{id}/members',
    summary: 'Adds a person to a group.',
    params: idParams,
    body: v.object({ email }),
    status: 201,
    response: member,
    errors: ['group_not_found', 'user_not_found', 'member_exists', 'system_group', 'google_managed_readonly'],
    cli: 'admin group add-member',
  }),
  removeMember: defineOperation({
    ...admin,
    id: 'removeMember',
    method: 'DELETE',
    path: '/api/admin/groups/{id}/members/{user_id}',
    summary: 'Takes a person (id or e-mail address) out of a group.',
    params: v.object({ id, user_id: id }),
    status: 204,
    response: 'empty',
    errors: ['group_not_found', 'user_not_found', 'member_not_found', 'last_admin', 'google_managed_readonly'],
    cli: 'admin group remove-member',
  }),
  listGrants: defineOperation({
    ...admin,
    id: 'listGrants',
    method: 'GET',
    path: '/api/admin/grants',
    summary: 'Every grant, or those of a resource type or group.',
    query: v.object({ resource_type: v.optional(v.string()), group_id: v.optional(v.string()) }),
    status: 200,
    response: v.array(grant),
    errors: ['unknown_resource_type', 'group_not_found'],
    cli: 'admin grant list',
  }),
  createGrant: defineOperation({
    ...admin,
    id: 'createGrant',
    method: 'POST',
    path: '/api/admin/grants',
    summary: 'Grants a resource to a group. Both by id or name; the resource must exist.',
    body: v.object({ group_id: id, resource_type: shortText, resource_id: id }),
    status: 201,
    response: grant,
    errors: ['unknown_resource_type', 'group_not_found', 'grant_exists', 'table_not_found', 'not_found'],
    cli: 'admin grant create',
  }),
  deleteGrant: defineOperation({
    ...admin,
    id: 'deleteGrant',
    method: 'DELETE',
    path: '/api/admin/grants/{id}',
    summary: 'Takes a grant back; effective on the next request.',
    params: idParams,
    status: 204,
    response: 'empty',
    errors: ['grant_not_found'],
    cli: 'admin grant delete',
  }),
  myAccess: defineOperation({
    id: 'myAccess',
    method: 'GET',
    path: '/api/me/effective-access',
    tag: 'access',
    summary: 'What is granted to the caller, and through which groups.',
    access: 'caller',
    scopes: ['pull', 'query'],
    viewAs: true,
    status: 200,
    response: effectiveAccess,
    errors: [],
  }),
  userAccess: defineOperation({
    ...admin,
    id: 'userAccess',
    method: 'GET',
    path: '/api/admin/users/{id}/effective-access',
    summary: 'What is granted to a person, and through which groups.',
    params: idParams,
    status: 200,
    response: effectiveAccess,
    errors: ['user_not_found'],
    cli: 'admin access show',
  }),
  tableAccess: defineOperation({
    ...admin,
    id: 'tableAccess',
    method: 'GET',
    path: '/api/admin/tables/{id}/access',
    summary: 'Who may read a table (id or name), through which groups, and under which policies.',
    params: idParams,
    status: 200,
    response: tableAccess,
    errors: ['table_not_found'],
    cli: 'admin access table',
  }),
  listMemberships: defineOperation({
    ...admin,
    id: 'listMemberships',
    method: 'GET',
    path: '/api/admin/users/{id}/memberships',
    summary: 'The groups of a person, an entry for each source that says so.',
    params: idParams,
    status: 200,
    response: v.array(membership),
    errors: ['user_not_found'],
  }),
  addMembership: defineOperation({
    ...admin,
    id: 'addMembership',
    method: 'POST',
    path: '/api/admin/users/{id}/memberships',
    summary: 'Adds a person to a group (id or name).',
    params: idParams,
    body: v.object({ group_id: id }),
    status: 201,
    response: membership,
    errors: ['group_not_found', 'user_not_found', 'member_exists', 'system_group', 'google_managed_readonly'],
  }),
  removeMembership: defineOperation({
    ...admin,
    id: 'removeMembership',
    method: 'DELETE',
    path: '/api/admin/users/{id}/memberships/{group_id}',
    summary: 'Takes a person out of a group (id or name).',
    params: v.object({ id, group_id: id }),
    status: 204,
    response: 'empty',
    errors: ['group_not_found', 'user_not_found', 'member_not_found', 'last_admin', 'google_managed_readonly'],
  }),
};
