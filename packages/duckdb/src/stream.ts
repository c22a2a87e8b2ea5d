import type { DuckDBConnection, DuckDBResult } from '@duckdb/node-api';

type Values = Parameters<DuckDBConnection['stream']>[1];
type Types = Parameters<DuckDBConnection['stream']>[2];

export interface StreamOptions {
  readonly values?: Values;
  readonly types?: Types;
  /** Runs a piece of work on the connection, which must not be closed meanwhile. */
  readonly track: <T>(work: () => Promise<T>) => Promise<T>;
  /** How often the connection was interrupted. */
  readonly interruptions: () => number;
}

/** A statement whose rows are being read. */
export interface OpenStream {
  readonly result: DuckDBResult;
  /** The chunks that `read` makes of the result. Throws what stopped the statement; leaving early ends it. */
  chunks<T>(read: (result: DuckDBResult) => AsyncIterable<T>): AsyncGenerator<T>;
}

/**
 * Starts a statement and gives its rows as they come. The API does not tell the end of a result from its failure, but a
 * failure aborts the transaction: so the statement has one of its own, which is asked at the end. However the reader leaves,
 * the transaction ends too: a rest that nobody reads would keep the statement's memory and temporary files.
 */
export async function openStream(
  raw: DuckDBConnection,
  sql: string,
  { values, types, track, interruptions }: StreamOptions,
): Promise<OpenStream> {
  const before = interruptions();
  await track(() => raw.run('BEGIN TRANSACTION'));
  const end = (): Promise<unknown> => track(() => raw.run('ROLLBACK'));
  const failure = async (): Promise<unknown> => {
    if (interruptions() !== before) return new Error('INTERRUPT Error: Interrupted!');
    try {
      // Why it failed nobody kept; all at once, it says so.
      await track(() => raw.run(sql, values, types));
    } catch (error) {
      return error;
    }
    return new Error('The statement failed while its rows were read.');
  };

  let result: DuckDBResult;
  try {
    result = await track(() => raw.stream(sql, values, types));
  } catch (error) {
    await end();
    throw error;
  }
  return {
    result,
    async *chunks(read) {
      let failed = false;
      try {
        const chunks = read(result)[Symbol.asyncIterator]();
        for (;;) {
          const next = await track(() => Promise.resolve(chunks.next()));
          if (next.done === true) break;
          yield next.value;
        }
        failed = await track(() => isAborted(raw));
      } finally {
        await end();
      }
      if (failed) throw await failure();
    },
  };
}

async function isAborted(raw: DuckDBConnection): Promise<boolean> {
  try {
    await raw.run('SELECT 1');
    return false;
  } catch {
    return true;
  }
}
