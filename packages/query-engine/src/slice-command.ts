import type { CallerAttributes, PolicyRules } from '@agnes/rbac';
import type { Command, WorkerTable } from './protocol.ts';

/** The command that writes to `path` what a caller sees of a table by these rules. */
export function sliceCommand(
  table: WorkerTable,
  rules: readonly PolicyRules[],
  caller: CallerAttributes,
  path: string,
): Extract<Command, { type: 'slice' }> {
  const branches = rules.map(({ row_filter, column_masks }) => ({ row_filter, column_masks: { ...column_masks } }));
  return { type: 'slice', table, branches, caller: { ...caller, groups: [...caller.groups] }, path };
}
