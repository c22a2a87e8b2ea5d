import type { Executor, RawRows } from './session.ts';

/** One connection that nobody else uses while a transaction runs on it. */
export interface TransactionPort {
  run(sql: string, parameters: readonly unknown[]): Promise<RawRows>;
  begin(): Promise<unknown>;
  commit(): Promise<unknown>;
  rollBack(): Promise<unknown>;
}

/**
 * Runs `work` in one transaction, alike on every engine. Statements run one after another even when they are not awaited one
 * by one, and none can slip out behind the end of the transaction into a transaction of its own. A failed statement ends the
 * transaction, so swallowing its error fails the whole.
 */
export async function inTransaction<T>(port: TransactionPort, work: (executor: Executor) => Promise<T>): Promise<T> {
  let open = true;
  let failed = false;
  let last: Promise<unknown> = Promise.resolve();

  const run = async (sql: string, parameters: readonly unknown[], previous: Promise<unknown>) => {
    await previous;
    if (!open) {
      throw new Error(`The transaction is over: ${sql.slice(0, 200)}`);
    }
    try {
      return await port.run(sql, parameters);
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

  await port.begin();
  let result: T;
  try {
    result = await work(executor);
    await end();
    if (failed) {
      throw new Error('A statement failed and its error was swallowed; the transaction was rolled back.');
    }
  } catch (error) {
    await end();
    await undo(port, error);
    throw error;
  }
  await port.commit();
  return result;
}

function settled(): void {}

async function undo(port: TransactionPort, reason: unknown): Promise<void> {
  try {
    await port.rollBack();
  } catch (error) {
    throw new AggregateError([reason, error], 'The transaction failed, and so did its rollback.');
  }
}
