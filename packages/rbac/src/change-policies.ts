import { AgnesError } from '@agnes/errors';
import { bumpVersion, newId, type State, type StateDatabase, schema } from '@agnes/state';
import { and, eq } from 'drizzle-orm';
import { recordAudit } from './audit.ts';
import { type Group, requireGroup } from './groups.ts';
import { getPolicy, type Policy, policyNotFound } from './policies.ts';
import type { PolicyRules } from './policy.ts';
import type { ResourceTypes } from './resource-types.ts';

export interface PolicyPatch {
  readonly row_filter?: string | null | undefined;
  readonly column_masks?: Readonly<Record<string, string>> | null | undefined;
}

export interface NewPolicy extends PolicyPatch {
  /** Id or name. */
  readonly table_id: string;
  /** Id or name. */
  readonly group_id: string;
}

/** Throws `invalid_policy` for rules that could not be applied to the table. */
export type PolicyValidator = (
  table: { readonly id: string; readonly name: string },
  rules: PolicyRules,
) => Promise<void>;

export interface PolicyContext {
  readonly state: State;
  readonly types: ResourceTypes;
  /** Undefined until whoever applies policies has said that they do. */
  readonly validate: () => PolicyValidator | undefined;
}

/**
 * Limits what a group sees of a table. Throws `table_not_found`, `group_not_found`, `policy_exists`, `invalid_policy`, and
 * `unavailable` where nothing applies policies: one that nothing applies would protect nothing.
 */
export async function createPolicy(context: PolicyContext, input: NewPolicy, by: string): Promise<Policy> {
  const { state, types } = context;
  const table = await types.resolve('table', input.table_id);
  const group = await requireGroup(state.db, input.group_id);
  const rules = { row_filter: input.row_filter ?? null, column_masks: input.column_masks ?? {} };
  // May take a while, so it is done before the write queue is held.
  await validateRules(context, table, rules);
  const id = newId('policy');
  await state.write(async (tx) => {
    await types.resolve('table', table.id);
    await requireGroup(tx, group.id);
    await refuseSecond(tx, table, group);
    const at = new Date();
    await tx.insert(schema.tablePolicies).values({
      id,
      table_id: table.id,
      group_id: group.id,
      ...rules,
      created_at: at,
      created_by: by,
      updated_at: at,
      updated_by: by,
    });
    await recordAudit(tx, {
      userId: by,
      action: 'policy.create',
      resource: `policy:${id}`,
      params: { table_id: table.id, group_id: group.id, ...rules },
    });
    await bumpVersion(tx, 'access_version');
  });
  return getPolicy(context, id);
}

/** Changes the rules and forgets that they failed. Throws `policy_not_found`, and as {@link createPolicy}. */
export async function updatePolicy(
  context: PolicyContext,
  id: string,
  patch: PolicyPatch,
  by: string,
): Promise<Policy> {
  const { state } = context;
  const seen = await getPolicy(context, id);
  const rules = {
    row_filter: patch.row_filter === undefined ? seen.row_filter : patch.row_filter,
    column_masks: patch.column_masks === undefined ? seen.column_masks : (patch.column_masks ?? {}),
  };
  await validateRules(context, { id: seen.table_id, name: seen.table_name ?? seen.table_id }, rules);
  const done = await state.write(async (tx) => {
    const now = await requireRow(tx, id);
    // Changed by somebody else since: what was left out of the patch is then something else.
    if (!sameRules(seen, { ...now, column_masks: now.column_masks ?? {} })) return false;
    const { table_id, group_id } = now;
    await tx
      .update(schema.tablePolicies)
      .set({ ...rules, updated_at: new Date(), updated_by: by, error: null, error_at: null })
      .where(eq(schema.tablePolicies.id, id));
    await recordAudit(tx, {
      userId: by,
      action: 'policy.update',
      resource: `policy:${id}`,
      params: { table_id, group_id, ...rules },
    });
    await bumpVersion(tx, 'access_version');
    return true;
  });
  return done ? getPolicy(context, id) : updatePolicy(context, id, patch, by);
}

function sameRules(a: PolicyRules, b: PolicyRules): boolean {
  const textOf = ({ row_filter, column_masks }: PolicyRules): string =>
    JSON.stringify([row_filter, Object.entries(column_masks).sort(([x], [y]) => (x < y ? -1 : 1))]);
  return textOf(a) === textOf(b);
}

/** Throws `policy_not_found`. */
export async function deletePolicy({ state }: PolicyContext, id: string, by: string): Promise<void> {
  await state.write(async (tx) => {
    const { table_id, group_id } = await requireRow(tx, id);
    await tx.delete(schema.tablePolicies).where(eq(schema.tablePolicies.id, id));
    await recordAudit(tx, {
      userId: by,
      action: 'policy.delete',
      resource: `policy:${id}`,
      params: { table_id, group_id },
    });
    await bumpVersion(tx, 'access_version');
  });
}

const LONGEST_FAILURE = 1_000;

/**
 * Notes for administrators why a policy failed on real data: what failed, never a value of a row. The same failure is noted
 * once, and a policy that is gone is no error.
 */
export async function recordPolicyFailure({ state }: PolicyContext, id: string, message: string): Promise<void> {
  const error = message.replaceAll(/\p{Cc}+/gu, ' ').slice(0, LONGEST_FAILURE);
  await state.write(async (tx) => {
    const [policy] = await tx.select().from(schema.tablePolicies).where(eq(schema.tablePolicies.id, id));
    if (policy === undefined || policy.error === error) return;
    await tx.update(schema.tablePolicies).set({ error, error_at: new Date() }).where(eq(schema.tablePolicies.id, id));
    await recordAudit(tx, {
      userId: null,
      action: 'policy.failed',
      resource: `policy:${id}`,
      params: { table_id: policy.table_id, group_id: policy.group_id, error },
      result: 'error',
    });
  });
}

async function validateRules(
  { validate }: PolicyContext,
  table: { readonly id: string; readonly name: string },
  rules: PolicyRules,
): Promise<void> {
  if (rules.row_filter === null && Object.keys(rules.column_masks).length === 0) {
    throw new AgnesError('invalid_policy', 'A policy without a row filter and without a column mask limits nothing.', {
      hint: 'Give it one of them; without a policy a grant gives the whole table.',
    });
  }
  const validator = validate();
  if (validator === undefined) {
    throw new AgnesError('unavailable', 'Nothing here applies policies, so that none can be made.', {
      hint: 'Make it on the server that answers queries.',
    });
  }
  await validator(table, rules);
}

async function refuseSecond(tx: StateDatabase, table: { id: string; name: string }, group: Group): Promise<void> {
  const { tablePolicies } = schema;
  const [there] = await tx
    .select({ id: tablePolicies.id })
    .from(tablePolicies)
    .where(and(eq(tablePolicies.table_id, table.id), eq(tablePolicies.group_id, group.id)));
  if (there === undefined) return;
  throw new AgnesError('policy_exists', `'${group.name}' has a policy on '${table.name}' already.`, {
    hint: `Change it: agnes admin policy set ${table.name} ${group.name}`,
    details: { policy_id: there.id },
  });
}

async function requireRow(tx: StateDatabase, id: string) {
  const [row] = await tx.select().from(schema.tablePolicies).where(eq(schema.tablePolicies.id, id));
  return row ?? policyNotFound(id);
}
