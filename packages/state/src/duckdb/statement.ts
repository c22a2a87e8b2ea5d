import type { Connection } from '@agnes/duckdb';
import { AgnesError, messageOf } from '@agnes/errors';
import type { RawRows } from '../session.ts';

type Prepared = Awaited<ReturnType<Connection['raw']['prepare']>>;

/** DuckDB's number for a statement that only reads. */
const SELECT = 1;

/** Runs one statement. With `readOnly`, one that is no SELECT is a programmer's error and does not run. */
export async function runStatement(
  connection: Connection,
  sql: string,
  parameters: readonly unknown[],
  readOnly: boolean,
): Promise<RawRows> {
  try {
    // DuckDB turns some DDL (ADD COLUMN with a default) into several statements, which cannot be prepared.
    if (!readOnly && parameters.length === 0) {
      return await rowsOf(await connection.raw.run(sql));
    }
    const statement = await connection.raw.prepare(sql);
    try {
      if (readOnly && statement.statementType !== SELECT) {
        throw new Error(`state.db only reads; write inside state.write(): ${sql.slice(0, 200)}`);
      }
      parameters.forEach((value, index) => {
        bind(statement, index + 1, value);
      });
      return await rowsOf(await statement.run());
    } finally {
      statement.destroySync();
    }
  } catch (error) {
    throw translate(error);
  }
}

async function rowsOf(result: Awaited<ReturnType<Prepared['run']>>): Promise<RawRows> {
  const rows = await result.getRowsJS();
  return { columns: result.columnNames(), rows: rows.map((row) => row.map(plain)), rowCount: result.rowsChanged };
}

/** Errors of the engine that a person can act on; the others stay what they are. */
export function translate(error: unknown): unknown {
  const message = messageOf(error);
  if (/no space left on device|disk quota exceeded/i.test(message)) {
    return new AgnesError('storage_full', 'The disk that holds the state database is full; the change was not saved.', {
      hint: 'Free some space or enlarge the disk, then try again.',
      cause: error,
    });
  }
  if (/^FATAL Error|database has been invalidated/i.test(message)) {
    return new AgnesError('unavailable', 'The state database stopped after a fatal error.', {
      hint: 'Restart the server; it opens the state anew and says so if it cannot.',
      cause: error,
    });
  }
  return error;
}

function bind(statement: Prepared, position: number, value: unknown): void {
  if (value === null || value === undefined) {
    statement.bindNull(position);
  } else if (typeof value === 'string') {
    statement.bindVarchar(position, value);
  } else if (typeof value === 'boolean') {
    statement.bindBoolean(position, value);
  } else if (typeof value === 'bigint' || Number.isSafeInteger(value)) {
    statement.bindBigInt(position, BigInt(value as number | bigint));
  } else if (typeof value === 'number') {
    statement.bindDouble(position, value);
  } else if (value instanceof Date) {
    // As text, like drizzle's own columns; DuckDB turns it into the type it is compared with or stored in.
    statement.bindVarchar(position, value.toISOString());
  } else {
    throw new Error(`A ${typeof value} cannot be bound to parameter $${position}.`);
  }
}

function plain(value: unknown): unknown {
  const safe = typeof value === 'bigint' && BigInt.asIntN(54, value) === value;
  return safe ? Number(value) : value;
}
