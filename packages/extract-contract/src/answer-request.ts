import { AgnesError, isAgnesError, messageOf } from '@agnes/errors';
import type { Connector, ConnectorContext } from './connector.ts';
import { openRun } from './connector-run.ts';
import type { ConnectorMessage, ConnectorRequest, ConnectorTable } from './protocol.ts';
import { type ExtractWriter, openExtractWriter } from './writer.ts';

/** Exit codes of a connector process. */
export const EXIT = { all: 0, none: 1, some: 2, terminated: 143 } as const;

export interface AnswerOptions {
  readonly send: (message: ConnectorMessage) => void;
  readonly env?: ConnectorContext['env'];
  readonly signal?: AbortSignal;
}

/**
 * Answers one request in this process: extracts its tables one after another and sends what happens. Returns the exit code
 * of the connector process: 0 all, 2 some, 1 none. A table's failure is a message; this never throws for one.
 */
export async function answerRequest<Config, Session>(
  connector: Connector<Config, Session>,
  request: ConnectorRequest,
  { send, env = {}, signal = new AbortController().signal }: AnswerOptions,
): Promise<number> {
  let ok = 0;
  let failed = 0;
  const fail = (table: ConnectorTable, error: unknown): void => {
    failed += 1;
    const known = isAgnesError(error) ? error : new AgnesError('connector_failed', messageOf(error), { cause: error });
    const hint = known.hint === undefined ? {} : { hint: known.hint };
    send({ type: 'table_failed', table: table.name, code: known.code, message: known.message, ...hint });
  };

  try {
    // What DuckDB allocates beside what it counts can be more than that: readers of wide files, vectors, threads.
    await using writer = await openExtractWriter(
      request.output_dir,
      request.memory_mb === undefined ? {} : { memoryMb: Math.floor(request.memory_mb / 4) },
    );
    using _stopping = interruptOnAbort(writer, signal);
    for (const name of request.drop) await writer.dropTable(name);
    await writer.commit();
    await using run = await openRun(connector, { request, env, signal, writer, send });
    for (const table of request.tables) {
      if (signal.aborted) break;
      try {
        await run.extract(table);
        ok += 1;
      } catch (error) {
        if (signal.aborted) break;
        await writer.failTable(table.name);
        fail(table, error);
      }
      send({ type: 'progress', done: ok + failed, total: request.tables.length, unit: 'tables' });
    }
  } catch (error) {
    // Opening or closing failed, so the tables that are left fail for the same reason.
    send({ type: 'log', level: 'error', message: messageOf(error) });
    if (!signal.aborted) for (const table of request.tables.slice(ok + failed)) fail(table, error);
  }
  send({ type: 'done', tables_ok: ok, tables_failed: failed });
  if (failed === 0) return EXIT.all;
  return ok === 0 ? EXIT.none : EXIT.some;
}

/** An interrupt between two statements goes unheard, so it is repeated until the run has ended. */
function interruptOnAbort(writer: ExtractWriter, signal: AbortSignal): Disposable {
  let timer: NodeJS.Timeout | undefined;
  const interrupt = () => {
    timer = setInterval(() => writer.connection.interrupt(), 50);
  };
  signal.addEventListener('abort', interrupt, { once: true });
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      signal.removeEventListener('abort', interrupt);
    },
  };
}
