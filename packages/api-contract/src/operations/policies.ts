import * as v from 'valibot';
import { defineOperation } from '../operation.ts';
import { id, idParams, nullableTime, time } from '../schemas.ts';

/** SQL over the columns of a row and `caller`, a struct of `user_id`, `email` and `groups` (names). */
const expression = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(1),
  v.maxLength(10_000),
  v.regex(/^(?:[\t\n\r]|[^\p{Cc}\p{Cs}])*$/u, 'must not have control characters'),
);
const columnName = v.pipe(v.string(), v.minLength(1), v.maxLength(200));

const rules = {
  /** A condition: the group sees the rows for which it is true. Null for every row. */
  row_filter: v.optional(v.nullable(expression)),
  /** Column → the expression that the group sees in place of its value. */
  column_masks: v.optional(v.nullable(v.record(columnName, expression))),
};

const policy = v.object({
  id,
  table_id: v.string(),
  table_name: v.nullable(v.string()),
  group_id: v.string(),
  group_name: v.string(),
  row_filter: v.nullable(v.string()),
  column_masks: v.record(v.string(), v.string()),
  /** Whether the group is granted the table: without that the policy waits, and gives nothing. */
  granted: v.boolean(),
  /** Groups that are granted the table and have no policy on it: their members see all of it. */
  unrestricted_groups: v.array(v.object({ group_id: v.string(), group_name: v.string() })),
  created_at: time,
  created_by: v.nullable(v.string()),
  updated_at: time,
  updated_by: v.nullable(v.string()),
  /** Why it last failed on real data; until it is changed, nobody whom it is for reads the table. */
  error: v.nullable(v.string()),
  error_at: nullableTime,
});

const admin = { tag: 'access', access: 'admin' } as const;

export const policyOperations = {
  listPolicies: defineOperation({
    ...admin,
    id: 'listPolicies',
    method: 'GET',
    path: '/api/admin/policies',
    summary: 'Every row and column policy, or those of a table or group (id or name).',
    query: v.object({ table_id: v.optional(id), group_id: v.optional(id) }),
    status: 200,
    response: v.array(policy),
    errors: ['table_not_found', 'group_not_found'],
    cli: 'admin policy list',
  }),
  getPolicy: defineOperation({
    ...admin,
    id: 'getPolicy',
    method: 'GET',
    path: '/api/admin/policies/{id}',
    summary: 'One policy.',
    params: idParams,
    status: 200,
    response: policy,
    errors: ['policy_not_found'],
    cli: 'admin policy show',
  }),
  createPolicy: defineOperation({
    ...admin,
    id: 'createPolicy',
    method: 'POST',
    path: '/api/admin/policies',
    summary: 'Limits what a group sees of a table (each by id or name): some rows, and masked columns.',
    body: v.object({ table_id: id, group_id: id, ...rules }),
    status: 201,
    response: policy,
    errors: ['table_not_found', 'group_not_found', 'policy_exists', 'invalid_policy', 'unavailable'],
    cli: 'admin policy set',
  }),
  updatePolicy: defineOperation({
    ...admin,
    id: 'updatePolicy',
    method: 'PUT',
    path: '/api/admin/policies/{id}',
    summary: 'Changes the rules of a policy: what is left out stays, null clears. Forgets that it failed.',
    params: idParams,
    body: v.object(rules),
    status: 200,
    response: policy,
    errors: ['policy_not_found', 'invalid_policy', 'unavailable'],
    cli: 'admin policy set',
  }),
  deletePolicy: defineOperation({
    ...admin,
    id: 'deletePolicy',
    method: 'DELETE',
    path: '/api/admin/policies/{id}',
    summary: 'Deletes a policy: a group that is granted the table sees all of it from the next request.',
    params: idParams,
    status: 204,
    response: 'empty',
    errors: ['policy_not_found'],
    cli: 'admin policy delete',
  }),
};
