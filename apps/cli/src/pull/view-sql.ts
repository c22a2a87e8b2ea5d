import { quoteIdentifier, quoteLiteral, quoteLiteralList } from '@agnes/duckdb';
import { AgnesError } from '@agnes/errors';
import type { PulledTable } from '../workspace/state.ts';
import { isTypeText } from './type-text.ts';

/** Marks the views that are ours; everything else in the database is the user's. */
export const VIEW_MARK = 'agnes: ';

/** The statements that make the view of a table over its parts, in order, and mark it with the table's version. */
export function viewStatements(name: string, table: PulledTable, paths: readonly string[]): string[] {
  const view = quoteIdentifier(name);
  return [
    `CREATE VIEW ${view} AS ${paths.length === 0 ? selectNothing(name, table) : selectParts(table, paths)}`,
    `COMMENT ON VIEW ${view} IS ${quoteLiteral(`${VIEW_MARK}version ${table.version ?? 'none'}, ${table.rows} rows`)}`,
  ];
}

function selectParts(table: PulledTable, paths: readonly string[]): string {
  const columns = table.columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const options = paths.length === 1 ? '' : ', union_by_name = true';
  return `SELECT ${columns === '' ? '*' : columns} FROM read_parquet(${quoteLiteralList(paths)}${options})`;
}

function selectNothing(name: string, table: PulledTable): string {
  if (table.columns.length === 0) return 'SELECT NULL AS nothing WHERE false';
  const columns = table.columns.map((column) => {
    if (!isTypeText(column.type)) {
      throw new AgnesError('server_error', `The type of column ${column.name} of ${name} is no type: ${column.type}`, {
        hint: 'Tell whoever runs the server.',
      });
    }
    return `CAST(NULL AS ${column.type}) AS ${quoteIdentifier(column.name)}`;
  });
  return `SELECT ${columns.join(', ')} WHERE false`;
}
