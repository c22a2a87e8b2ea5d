import type { Access, EffectivePolicy } from '@agnes/rbac';

/** What somebody sees of a table that no group of theirs gives whole. */
export type TablePolicy = EffectivePolicy;

/** The part of the access decision that says which of a table's rows and values somebody sees. */
export type PolicySource = Pick<Access, 'policyFor'>;
