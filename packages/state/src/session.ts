import { fillPlaceholders, type Query, type SQL } from 'drizzle-orm';
import {
  PgDatabase,
  PgDialect,
  PgPreparedQuery,
  PgSession,
  PgTransaction,
  type PreparedQueryConfig,
  type SelectedFieldsOrdered,
} from 'drizzle-orm/pg-core';
import * as drizzleUtils from 'drizzle-orm/utils';
import type { StateDatabase, StatementResult, StateQueryResult } from './database.ts';

/** The rows of one statement, as arrays, with their column names. */
export interface RawRows {
  readonly columns: readonly string[];
  readonly rows: readonly unknown[][];
  readonly rowCount: number;
}

/** Where drizzle's statements go: a pool for reads, or one transaction. */
export interface Executor {
  run(sql: string, parameters: readonly unknown[]): Promise<RawRows>;
  transaction<T>(work: (executor: Executor) => Promise<T>): Promise<T>;
}

/** drizzle's own mapping of a row to the selected fields. Its declaration is left out of the package's types. */
const { mapResultRow } = drizzleUtils as unknown as {
  mapResultRow(
    fields: SelectedFieldsOrdered,
    row: readonly unknown[],
    joinsNotNullable: Record<string, boolean> | undefined,
  ): unknown;
};

/** Text without the NULs that Postgres does not take; every engine stores U+FFFD for them. */
export function storable(value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('\0', '\ufffd') : value;
}

const dialect = new PgDialect();

export function databaseOver(executor: Executor): StateDatabase {
  return new PgDatabase(dialect, new StateSession(executor), undefined);
}

class StateSession extends PgSession<StateQueryResult> {
  readonly #executor: Executor;

  constructor(executor: Executor) {
    super(dialect);
    this.#executor = executor;
  }

  override prepareQuery<T extends PreparedQueryConfig>(
    query: Query,
    fields: SelectedFieldsOrdered | undefined,
    _name: string | undefined,
    _arrayMode: boolean,
    mapRows?: (rows: unknown[][]) => T['execute'],
  ): PgPreparedQuery<T> {
    return new StateQuery<T>(this.#executor, query, fields, mapRows);
  }

  override transaction<T>(work: (tx: StateTransaction) => Promise<T>): Promise<T> {
    return this.#executor.transaction((executor) =>
      work(new StateTransaction(dialect, new StateSession(executor), undefined)),
    );
  }

  override async count(query: SQL): Promise<number> {
    const { sql, params } = this.dialect.sqlToQuery(query);
    const { rows } = await this.#executor.run(sql, params);
    return Number(rows[0]?.[0]);
  }
}

class StateTransaction extends PgTransaction<StateQueryResult> {
  override transaction<T>(): Promise<T> {
    throw new Error('No transaction inside a transaction: the state has no savepoints.');
  }
}

class StateQuery<T extends PreparedQueryConfig> extends PgPreparedQuery<T> {
  /** Set by drizzle's select: which joined tables become null as a whole. */
  joinsNotNullableMap?: Record<string, boolean>;
  readonly #executor: Executor;
  readonly #fields: SelectedFieldsOrdered | undefined;
  readonly #mapRows: ((rows: unknown[][]) => T['execute']) | undefined;

  constructor(
    executor: Executor,
    query: Query,
    fields: SelectedFieldsOrdered | undefined,
    mapRows: ((rows: unknown[][]) => T['execute']) | undefined,
  ) {
    super(query, undefined, undefined);
    this.#executor = executor;
    this.#fields = fields;
    this.#mapRows = mapRows;
  }

  override async execute(placeholders: Record<string, unknown> = {}): Promise<T['execute']> {
    const parameters = fillPlaceholders(this.query.params, placeholders).map(storable);
    const result = await this.#executor.run(this.query.sql, parameters);
    if (this.#mapRows) {
      return this.#mapRows(result.rows as unknown[][]);
    }
    const fields = this.#fields;
    if (fields) {
      return result.rows.map((row) => mapResultRow(fields, row, this.joinsNotNullableMap));
    }
    const plain: StatementResult = {
      rows: result.rows.map((row) => Object.fromEntries(result.columns.map((name, index) => [name, row[index]]))),
      rowCount: result.rowCount,
    };
    return plain;
  }
}
