import type { Connection } from './connection.ts';
import { quoteIdentifier, quoteLiteral } from './quote.ts';

/**
 * Attaches a database file read-only under `alias`, or puts it in the place of the one attached before. Views and prepared
 * statements over the alias go on with the new file.
 */
export async function attachReadOnly(connection: Connection, path: string, alias: string): Promise<void> {
  await connection.run(`ATTACH OR REPLACE ${quoteLiteral(path)} AS ${quoteIdentifier(alias)} (READ_ONLY)`);
}
