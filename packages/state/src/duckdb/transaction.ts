import type { Connection } from '@agnes/duckdb';
import type { Executor } from '../session.ts';
import { inTransaction as runTransaction } from '../transaction.ts';
import { runStatement, translate } from './statement.ts';

/** Runs `work` in one transaction of a connection that nobody else uses. */
export function inTransaction<T>(
  connection: Connection,
  mode: 'READ ONLY' | 'READ WRITE',
  work: (executor: Executor) => Promise<T>,
): Promise<T> {
  const command = async (sql: string): Promise<void> => {
    try {
      await connection.run(sql);
    } catch (error) {
      throw translate(error);
    }
  };
  return runTransaction(
    {
      run: (sql, parameters) => runStatement(connection, sql, parameters, mode === 'READ ONLY'),
      begin: () => connection.run(`BEGIN TRANSACTION ${mode}`),
      commit: () => command('COMMIT'),
      rollBack: () => command('ROLLBACK'),
    },
    work,
  );
}
