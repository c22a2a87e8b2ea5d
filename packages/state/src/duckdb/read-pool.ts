import type { Connection, Database } from '@agnes/duckdb';
import type { Executor } from '../session.ts';
import { runStatement } from './statement.ts';
import { inTransaction } from './transaction.ts';

/** Reads on a few connections of their own, so that they wait neither for the writer nor for one slow read. */
export function readPool(database: Database, size: number): Executor {
  const idle: Connection[] = [];
  const waiting: ((connection: Connection) => void)[] = [];
  let opened = 0;

  const take = async (): Promise<Connection> => {
    const connection = idle.pop();
    if (connection) {
      return connection;
    }
    if (opened < size) {
      opened += 1;
      try {
        return await database.connect();
      } catch (error) {
        opened -= 1;
        throw error;
      }
    }
    return new Promise((resolve) => waiting.push(resolve));
  };
  const give = (connection: Connection): void => {
    const next = waiting.shift();
    if (next) {
      next(connection);
    } else {
      idle.push(connection);
    }
  };
  const using = async <T>(work: (connection: Connection) => Promise<T>): Promise<T> => {
    const connection = await take();
    try {
      return await work(connection);
    } finally {
      give(connection);
    }
  };

  return {
    run: (sql, parameters) => using((connection) => runStatement(connection, sql, parameters, true)),
    transaction: (work) => using((connection) => inTransaction(connection, 'READ ONLY', work)),
  };
}
