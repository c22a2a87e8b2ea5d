import type { Connection } from '@agnes/duckdb';
import type { Executor } from '../session.ts';
import { runStatement, translate } from './statement.ts';

/**
 * Runs `work` in one transaction of a connection that nobody else uses. Statements run one after another even when they are
 * not awaited one by one, and none can slip out behind the end of the transaction into a transaction of its own. A failed
 * statement ends the transaction on every engine, so swallowing its error fails the whole.
 */
export async function inTransaction<T>(
  connection: Connection,
  mode: 'READ ONLY' | 'READ WRITE',
  work: (executor: Executor) => Promise<T>,
): Promise<T> {
  let open = true;
  let failed = false;
  let last: Promise<unknown> = Promise.resolve();

  const run = async (sql: string, parameters: readonly unknown[], previous: Promise<unknown>) => {
    await previous;
    if (!open) {
      throw new Error(`The transaction is over: ${sql.slice(0, 200)}`);
    }
    try {
      return await runStatement(connection, sql, parameters, mode === 'READ ONLY');
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const executor: Executor = {
    run(sql, parameters) {
      const turn = run(sql, parameters, last);
      last = turn.then(settled, settled);
      return turn;
    },
    transaction() {
      throw new Error('No transaction inside a transaction: the state has no savepoints.');
    },
  };
  const end = async (): Promise<void> => {
    open = false;
    await last;
  };

  await connection.run(`BEGIN TRANSACTION ${mode}`);
  let result: T;
  try {
    result = await work(executor);
    await end();
    if (failed) {
      throw new Error('A statement failed and its error was swallowed; the transaction was rolled back.');
    }
  } catch (error) {
    await end();
    await rollBack(connection, error);
    throw error;
  }
  try {
    await connection.run('COMMIT');
  } catch (error) {
    throw translate(error);
  }
  return result;
}

function settled(): void {}

async function rollBack(connection: Connection, reason: unknown): Promise<void> {
  try {
    await connection.run('ROLLBACK');
  } catch (error) {
    throw new AggregateError([reason, translate(error)], 'The transaction failed, and so did its rollback.');
  }
}
