import { formatFields, formatTable, oneLine } from './table.ts';

type ResultRow = Readonly<Record<string, unknown>>;

/** A value of a row as one text: NULL for null, JSON for lists and objects. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Rows for people: a table, or one record after another when a table would be too wide for the terminal. */
export function formatRows(columns: readonly string[], rows: readonly ResultRow[], width = 200): string {
  if (columns.length * 6 > width) return formatRecords(columns, rows);
  const numeric = columns.map((column) => rows.some((row) => typeof row[column] === 'number'));
  const table = formatTable(
    columns.map((title, index) => ({ title, right: numeric[index] === true })),
    rows.map((row) => columns.map((column) => valueText(row[column]))),
  );
  return rows.length === 0 ? `${table}\n(no rows)` : table;
}

function formatRecords(columns: readonly string[], rows: readonly ResultRow[]): string {
  if (rows.length === 0) return `${columns.map(oneLine).join(', ')}\n(no rows)`;
  return rows
    .map((row, index) => {
      const fields = columns.map((column) => [column, valueText(row[column])] as const);
      return `─── row ${index + 1} ───\n${formatFields(fields)}`;
    })
    .join('\n');
}
