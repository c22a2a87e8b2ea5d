import { type Connection, openDatabase, quoteIdentifier, quoteLiteral } from '@agnes/duckdb';
import type { Engine } from '../engine.ts';
import { databaseOver } from '../session.ts';
import { readPool } from './read-pool.ts';
import { translate } from './statement.ts';
import { inTransaction } from './transaction.ts';

export interface DuckdbEngine extends Engine {
  /** Writes a copy to a new file, opens the copy and counts its rows. Like `transaction`, one at a time. */
  copyTo(path: string): Promise<void>;
}

/** The state is small; DuckDB's own default would take 80 % of the machine's memory. */
const SETTINGS = { memory_limit: '512MB', threads: '2' };
const READ_CONNECTIONS = 4;

/** Opens or creates the file. Throws DuckDB's own error. Only the holder of the owner lock may call this. */
export async function openDuckdbEngine(path: string): Promise<DuckdbEngine> {
  const database = await openDatabase(path, { settings: SETTINGS });
  const writer = await database.connect();
  return {
    name: 'duckdb',
    db: databaseOver(readPool(database, READ_CONNECTIONS)),
    transaction: (work) => inTransaction(writer, 'READ WRITE', (executor) => work(databaseOver(executor))),
    async checkpoint() {
      try {
        await writer.run('CHECKPOINT');
      } catch (error) {
        throw translate(error);
      }
    },
    copyTo: (target) => copyDatabase(writer, target),
    close: () => database.close(),
  };
}

async function copyDatabase(connection: Connection, path: string): Promise<void> {
  const main = await connection.first<{ name: string }>('SELECT current_database() AS name');
  const source = quoteIdentifier(main?.name ?? '');
  try {
    await connection.run(`ATTACH ${quoteLiteral(path)} AS snapshot`);
    await connection.run(`COPY FROM DATABASE ${source} TO snapshot`);
    await connection.run('CHECKPOINT snapshot');
    await connection.run('DETACH snapshot');
    await connection.run(`ATTACH ${quoteLiteral(path)} AS snapshot (READ_ONLY)`);
    const tables = await connection.rows<{ name: string }>(
      'SELECT table_name AS name FROM information_schema.tables WHERE table_catalog = current_database()',
    );
    for (const { name } of tables) {
      const table = `main.${quoteIdentifier(name)}`;
      const counts = await connection.first<{ here: number; there: number }>(
        `SELECT (SELECT count(*) FROM ${source}.${table}) AS here, (SELECT count(*) FROM snapshot.${table}) AS there`,
      );
      if (counts === undefined || counts.here !== counts.there) {
        throw new Error(`The copy of ${name} has ${counts?.there} rows, the state has ${counts?.here}.`);
      }
    }
  } catch (error) {
    throw translate(error);
  } finally {
    await connection.run('DETACH DATABASE IF EXISTS snapshot');
  }
}
