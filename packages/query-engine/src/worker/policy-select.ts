import { type Column, quoteIdentifier, quoteLiteral, quoteLiteralList } from '@agnes/duckdb';
import type { CallerAttributes, PolicyRules } from '@agnes/rbac';
import { CALLER_TYPE } from '../gate/index.ts';

/**
 * What a caller sees of a table: the rows for which any branch's filter is true (NULL is not), and a column's own value where
 * any branch that is true for the row leaves it, else the first such branch's mask as a value of the column's type. The
 * expressions are SQL of administrators that was checked before; nothing else may pass here.
 */
export function policySelect(
  from: string,
  columns: readonly Column[],
  branches: readonly PolicyRules[],
  caller: CallerAttributes,
): string {
  const sees = branches.map(({ row_filter }) => (row_filter === null ? 'true' : `coalesce((${row_filter}\n), false)`));
  const list = columns.map((column) => `${seenValue(column, branches, sees)} AS ${quoteIdentifier(column.name)}`);
  // The same names as those that expressions are checked against.
  const source = `(${from}\n) AS "row", (SELECT ${structOf(caller)} AS caller) AS "caller_row"`;
  return `SELECT ${list.join(', ')} FROM ${source} WHERE ${sees.map((seen) => `(${seen})`).join(' OR ') || 'false'}`;
}

function seenValue(column: Column, branches: readonly PolicyRules[], sees: readonly string[]): string {
  const own = `"row".${quoteIdentifier(column.name)}`;
  const open: string[] = [];
  const masked: string[] = [];
  branches.forEach(({ column_masks }, index) => {
    const seen = sees[index] ?? 'false';
    const mask = Object.entries(column_masks).find(([name]) => name.toLowerCase() === column.name.toLowerCase())?.[1];
    if (mask === undefined) open.push(seen);
    else masked.push(`WHEN ${seen} THEN CAST((${mask}\n) AS ${column.type})`);
  });
  if (masked.length === 0) return own;
  const whenOpen = open.length === 0 ? '' : `WHEN ${open.join(' OR ')} THEN ${own} `;
  return `CASE ${whenOpen}${masked.join(' ')} END`;
}

function structOf({ user_id, email, groups }: CallerAttributes): string {
  const list = `CAST(${quoteLiteralList(groups)} AS VARCHAR[])`;
  return `CAST({'user_id': ${quoteLiteral(user_id)}, 'email': ${quoteLiteral(email)}, 'groups': ${list}} AS ${CALLER_TYPE})`;
}
