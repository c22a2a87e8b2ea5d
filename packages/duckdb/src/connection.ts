import type { DuckDBConnection, DuckDBMaterializedResult } from '@duckdb/node-api';
import type { NodeApi } from './node-api.ts';
import { bindParameters, type SqlValue } from './parameters.ts';
import { openStream } from './stream.ts';
import { type Row, type Value, valueConverter } from './values.ts';

/** A column of a result: its name and DuckDB's own spelling of its type. */
export interface Column {
  readonly name: string;
  readonly type: string;
}

/** A result as its columns stand in it, names given twice included. */
export interface RowStream {
  readonly columns: readonly Column[];
  /** Rows chunk by chunk (up to 2,048 each), values in the order of the columns. */
  readonly chunks: AsyncIterable<Value[][]>;
}

/**
 * One connection: statements run one after another, a transaction belongs to it. Parameters are positional (`$1` or `?`).
 * What DuckDB refuses is thrown as DuckDB's own `Error`; its message starts with the kind (`Parser Error: …`).
 */
export interface Connection extends AsyncDisposable {
  /** Runs a statement (several, when there are no parameters) and returns the number of rows it changed. */
  run(sql: string, parameters?: readonly SqlValue[]): Promise<number>;
  /** Runs a statement and returns all its rows. `T` is what the caller knows of the columns; nothing checks it. */
  rows<T extends object = Row>(sql: string, parameters?: readonly SqlValue[]): Promise<T[]>;
  /** The first row, or undefined when there is none. */
  first<T extends object = Row>(sql: string, parameters?: readonly SqlValue[]): Promise<T | undefined>;
  /**
   * Runs a statement that reads and yields its rows chunk by chunk (up to 2,048 each) without holding the whole result. No
   * other statement may run on the connection meanwhile; in a transaction of the caller's it throws.
   */
  stream(sql: string, parameters?: readonly SqlValue[]): AsyncIterable<Row[]>;
  /** {@link stream} for who does not know the columns: rows are arrays, so that order and repeated names are kept. */
  streamArrays(sql: string): Promise<RowStream>;
  /** The columns that a SELECT (without a trailing semicolon) would give. Binds it, does not run it. */
  columns(selectSql: string): Promise<Column[]>;
  /** Asks the running statement to stop; it then throws. A statement inside one long scalar call does not hear it. */
  interrupt(): void;
  /** Waits for what is running (call {@link interrupt} first to stop it), then closes. Later calls throw. */
  close(): Promise<void>;
  /** The connection of @duckdb/node-api, for what this interface does not have. */
  readonly raw: DuckDBConnection;
}

export function wrapConnection(api: NodeApi, raw: DuckDBConnection, onClose: () => void): Connection {
  const convert = valueConverter(api);
  // The engine crashes the process when a connection is closed under a running statement, so closing waits for them.
  const running = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;
  let interrupted = 0;
  const interruptions = (): number => interrupted;

  const track = async <T>(start: () => Promise<T>): Promise<T> => {
    if (closing !== undefined) throw new Error('The connection is closed.');
    const statement = start();
    running.add(statement);
    try {
      return await statement;
    } finally {
      running.delete(statement);
    }
  };

  const execute = (sql: string, parameters: readonly SqlValue[] | undefined): Promise<DuckDBMaterializedResult> => {
    if (parameters === undefined || parameters.length === 0) return raw.run(sql);
    const { values, types } = bindParameters(api, parameters);
    return raw.run(sql, values, types);
  };

  const rows = <T extends object = Row>(sql: string, parameters?: readonly SqlValue[]): Promise<T[]> =>
    track(async () => (await (await execute(sql, parameters)).convertRowObjects(convert)) as T[]);

  const closeNow = async (): Promise<void> => {
    await Promise.allSettled(running);
    raw.closeSync();
    onClose();
  };
  const close = (): Promise<void> => {
    closing ??= closeNow();
    return closing;
  };

  return {
    raw,
    rows,
    close,
    [Symbol.asyncDispose]: close,
    interrupt: () => {
      interrupted += 1;
      if (closing === undefined || running.size > 0) raw.interrupt();
    },
    run: (sql, parameters) => track(async () => (await execute(sql, parameters)).rowsChanged),
    async first<T extends object = Row>(sql: string, parameters?: readonly SqlValue[]): Promise<T | undefined> {
      return (await rows<T>(sql, parameters))[0];
    },
    async *stream(sql, parameters) {
      const { values, types } = bindParameters(api, parameters ?? []);
      const { chunks } = await openStream(raw, sql, { values, types, track, interruptions });
      yield* chunks((result) => result.yieldConvertedRowObjects(convert) as AsyncIterable<Row[]>);
    },
    async streamArrays(sql) {
      const { result, chunks } = await openStream(raw, sql, { track, interruptions });
      const columns = result.columnNames().map((name, index) => ({ name, type: result.columnType(index).toString() }));
      return { columns, chunks: chunks(() => result.yieldConvertedRows(convert) as AsyncIterable<Value[][]>) };
    },
    async columns(selectSql) {
      const described = await rows<{ column_name: string; column_type: string }>(`DESCRIBE (${selectSql}\n)`);
      return described.map((column) => ({ name: column.column_name, type: column.column_type }));
    },
  };
}
