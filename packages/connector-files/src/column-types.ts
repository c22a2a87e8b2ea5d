import type { Connection } from '@agnes/duckdb';
import { AgnesError } from '@agnes/errors';

/** Types only: no comment, quote or second statement gets through. */
const TYPE = /^[A-Za-z][A-Za-z0-9_ ,()[\]]{0,199}$/;

/** SQL that casts an expression to a type from a table's registration, which {@link assertTypes} has checked. */
export function castTo(expression: string, type: string): string {
  return `CAST(${expression} AS ${type})`;
}

/** Throws `invalid_config` for a type that DuckDB does not know. */
export async function assertTypes(
  connection: Connection,
  columnTypes: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [column, type] of Object.entries(columnTypes)) {
    try {
      if (!TYPE.test(type)) throw new Error('It is not the name of a type.');
      await connection.columns(`SELECT CAST(NULL AS ${type})`);
    } catch (error) {
      throw new AgnesError(
        'invalid_config',
        `${JSON.stringify(type)}, given for column ${JSON.stringify(column)}, is no type.`,
        { hint: 'Use a type of DuckDB, such as BIGINT, DECIMAL(18,2), DATE or VARCHAR.', cause: error },
      );
    }
  }
}

/** Throws `invalid_config` when a type is given for a column that the files do not have. */
export function assertKnownColumns(columnTypes: Readonly<Record<string, string>>, columns: readonly string[]): void {
  const unknown = Object.keys(columnTypes).find((column) => !columns.includes(column));
  if (unknown === undefined) return;
  throw new AgnesError('invalid_config', `There is no column ${JSON.stringify(unknown)}, for which a type is given.`, {
    hint: `The columns are ${columns.slice(0, 50).join(', ')}.`,
  });
}
