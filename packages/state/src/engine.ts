import type { StateDatabase } from './database.ts';

/** What a database must do to hold the state. The schema, the ladder, the write queue and the checks stand above it. */
export interface Engine {
  readonly name: 'duckdb' | 'postgres';
  /** Reads only; each statement, or each transaction, sees what was committed before it began. */
  readonly db: StateDatabase;
  /** Runs `work` in a transaction on the write connection. The caller sees to it that there is one at a time. */
  transaction<T>(work: (tx: StateDatabase) => Promise<T>): Promise<T>;
  /** Makes the file complete without its log. Nothing to do where the database does that alone. */
  checkpoint(): Promise<void>;
  close(): Promise<void>;
}
