import type { Connection } from '@agnes/duckdb';
import { AgnesError, messageOf } from '@agnes/errors';
import { onlyReading } from './local-failure.ts';

/** StatementType of DuckDB's C API. */
const READING = new Set([1 /* SELECT */, 4 /* EXPLAIN */]);
const CREATE = 7;

/** Throws `usage` unless the text is one statement that reads; DuckDB's own error when it cannot be prepared. */
export async function requireOneReading(connection: Connection, sql: string): Promise<void> {
  const statements = await extract(connection, sql);
  const last = (statements?.count ?? 0) - 1;
  if (statements === undefined || last < 0)
    throw new AgnesError('usage', 'The query is empty.', { hint: 'agnes query "SELECT …"' });
  if (last > 0 && (await isSeveral(connection, sql))) throw onlyOne();
  for (let index = 0; index <= last; index += 1) {
    const statement = await statements.prepare(index);
    try {
      if (index === last) {
        if (!READING.has(statement.statementType)) throw onlyReading();
      } else {
        // Of a PIVOT without values DuckDB makes a temporary type, which lists them, and a SELECT, which needs it.
        if (statement.statementType !== CREATE) throw onlyOne();
        await statement.run();
      }
    } finally {
      statement.destroySync();
    }
  }
}

/** The statements of a text; undefined when there is none, which the engine's binding has no better word for. */
async function extract(connection: Connection, sql: string) {
  try {
    return await connection.raw.extractStatements(sql);
  } catch (error) {
    if (messageOf(error) === 'Error in native callback') return undefined;
    throw error;
  }
}

function onlyOne(): AgnesError {
  return new AgnesError('usage', 'One statement at a time.', { hint: 'agnes query "SELECT …"' });
}

/** Whether a person wrote several statements: somewhere a semicolon stands between two texts that both are statements. */
async function isSeveral(connection: Connection, sql: string): Promise<boolean> {
  for (let at = sql.indexOf(';'); at >= 0; at = sql.indexOf(';', at + 1)) {
    if ((await isStatement(connection, sql.slice(0, at))) && (await isStatement(connection, sql.slice(at + 1)))) {
      return true;
    }
  }
  return false;
}

async function isStatement(connection: Connection, text: string): Promise<boolean> {
  const statements = await connection.raw.extractStatements(text).catch(() => undefined);
  return statements !== undefined && statements.count > 0;
}
