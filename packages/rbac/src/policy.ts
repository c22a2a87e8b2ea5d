import { createHash } from 'node:crypto';

/** What a policy says: which rows a group sees of a table, and what it sees in place of columns. */
export interface PolicyRules {
  /** A condition in SQL over the row and `caller`; null for every row. */
  readonly row_filter: string | null;
  /** Column → an expression in SQL over the same. */
  readonly column_masks: Readonly<Record<string, string>>;
}

/** What one group lets through of a table. */
export interface PolicyBranch extends PolicyRules {
  readonly policy_id: string;
  readonly group_id: string;
}

/** What expressions know of whoever asks, as the struct `caller`. */
export interface CallerAttributes {
  readonly user_id: string;
  readonly email: string;
  /** Names, in order. */
  readonly groups: readonly string[];
}

/**
 * What a person sees of a table that no group gives them whole: the union of the branches, which are in the order of
 * `group_id`. A row is there when the filter of any branch is true for it. A column has its own value when a branch whose
 * filter is true for the row does not mask it, else the first such branch's mask. No branches: no rows.
 */
export interface EffectivePolicy {
  /** The class: the same for the same rules and the same caller, another one otherwise. */
  readonly id: string;
  readonly branches: readonly PolicyBranch[];
  readonly caller: CallerAttributes;
}

export function effectivePolicy(
  tableId: string,
  branches: readonly PolicyBranch[],
  caller: CallerAttributes,
): EffectivePolicy {
  // Of the rules themselves and not of when they changed: two changes can fall into one moment.
  const text = JSON.stringify([
    tableId,
    branches.map(({ policy_id, group_id, row_filter, column_masks }) => [
      policy_id,
      group_id,
      row_filter,
      Object.entries(column_masks).sort(([a], [b]) => (a < b ? -1 : 1)),
    ]),
    [caller.user_id, caller.email, caller.groups],
  ]);
  return { id: `pc_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`, branches, caller };
}
