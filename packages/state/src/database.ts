import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';

/** What a statement without `returning` gives, and what `execute` gives: rows as objects, and how many rows changed. */
export interface StatementResult<Row = Record<string, unknown>> {
  readonly rows: Row[];
  readonly rowCount: number;
}

export interface StateQueryResult extends PgQueryResultHKT {
  readonly type: StatementResult<this['row']>;
}

/** drizzle over the state, the same on every engine. Relational `query` is not there: joins are written out. */
export type StateDatabase = PgDatabase<StateQueryResult>;
