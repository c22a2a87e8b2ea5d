import { Pool, type PoolClient } from 'pg';
import type { Executor } from '../session.ts';
import { inTransaction } from '../transaction.ts';
import { prepareSession } from './prepare-session.ts';
import { runStatement, translate } from './statement.ts';
import { sessionUrl } from './url.ts';

export interface ReadPool extends Executor {
  close(): Promise<void>;
}

const CONNECTIONS = 4;
const CONNECT_WITHIN_MS = 10_000;

/** Reads on sessions that the database itself keeps from writing. A session that is lost is replaced at the next read. */
export function openReadPool(url: string): ReadPool {
  const pool = new Pool({
    connectionString: sessionUrl(url),
    // Awaited before anybody gets the connection, which its declared type does not say.
    onConnect: (client) => prepareSession(client, { readOnly: true }),
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    keepAlive: true,
  });
  // An idle session that ends is no failure of anybody: the pool has taken it out.
  pool.on('error', () => {});

  const using = async <T>(work: (client: PoolClient) => Promise<T>): Promise<T> => {
    let client: PoolClient;
    try {
      client = await pool.connect();
    } catch (error) {
      throw translate(error);
    }
    // What ends a session under way also fails the statement, which tells.
    const heard = (): void => {};
    client.on('error', heard);
    try {
      return await work(client);
    } finally {
      client.off('error', heard);
      client.release();
    }
  };
  return {
    run: (sql, parameters) => using((client) => runStatement(client, sql, parameters)),
    transaction: (work) =>
      using((client) => {
        const command = (sql: string) => runStatement(client, sql);
        return inTransaction(
          {
            run: (sql, parameters) => runStatement(client, sql, parameters),
            begin: () => command('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'),
            commit: () => command('COMMIT'),
            rollBack: () => command('ROLLBACK'),
          },
          work,
        );
      }),
    close: () => pool.end(),
  };
}
