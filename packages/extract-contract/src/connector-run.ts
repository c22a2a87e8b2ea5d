import { AgnesError } from '@agnes/errors';
import * as v from 'valibot';
import type { Connector, ConnectorContext, Progress } from './connector.ts';
import {
  type ConnectorMessage,
  type ConnectorRequest,
  type ConnectorTable,
  type ConnectorWarning,
  issueText,
} from './protocol.ts';
import type { ExtractWriter, TableWritten } from './writer.ts';

const PROGRESS_EVERY_MS = 250;

/** What a run has besides the connector. */
export interface RunInput {
  readonly request: ConnectorRequest;
  readonly env: ConnectorContext['env'];
  readonly signal: AbortSignal;
  readonly writer: ExtractWriter;
  readonly send: (message: ConnectorMessage) => void;
}

/** A run with its session open. */
export interface ConnectorRun extends AsyncDisposable {
  /** Extracts one table, commits it and says so. Throws what makes the table fail. */
  extract(table: ConnectorTable): Promise<void>;
}

/** Checks the configuration and opens the connector's session. Throws `invalid_config`, naming the key. */
export async function openRun<Config, Session>(
  connector: Connector<Config, Session>,
  input: RunInput,
): Promise<ConnectorRun> {
  const { request, env, signal, writer, send } = input;
  const config = parseConfig(connector, request);
  const warnings: ConnectorWarning[] = [];
  let state: { readonly value: unknown } | undefined;

  const context = {
    request,
    config,
    writer,
    env,
    signal,
    log: (level, message) => send({ type: 'log', level, message }),
    progress: throttledProgress(send),
    warn: (_table, warning) => warnings.push(warning),
    saveState: (value) => {
      state = { value };
    },
  } satisfies Omit<ConnectorContext<Config, Session>, 'session'>;
  // Without openSession, Session is undefined: that is its default in defineConnector.
  const session = (await connector.openSession?.(context)) as Session;

  const write = async (table: ConnectorTable): Promise<TableWritten> => {
    await connector.extractTable(table, { ...context, session });
    signal.throwIfAborted();
    const written = writer.pending(table.name);
    if (written === undefined) {
      throw new AgnesError('connector_failed', `The connector wrote nothing for table ${table.name}.`, {
        hint: 'This is a fault of the connector: extractTable has to write or drop the table, or throw.',
      });
    }
    await writer.commit();
    return written;
  };

  return {
    async extract(table) {
      warnings.length = 0;
      const before = state;
      let written: TableWritten;
      try {
        written = await write(table);
      } catch (error) {
        // What a failed table saved would run ahead of its data.
        state = before;
        throw error;
      }
      if (state !== undefined) send({ type: 'state', state: state.value });
      state = undefined;
      const { rows, size_bytes } = written;
      send({ type: 'table_done', table: table.name, rows, size_bytes, warnings: [...warnings] });
    },
    async [Symbol.asyncDispose]() {
      const close = (session as Partial<AsyncDisposable> | undefined | null)?.[Symbol.asyncDispose];
      await close?.call(session as AsyncDisposable);
    },
  };
}

function parseConfig<Config, Session>(connector: Connector<Config, Session>, request: ConnectorRequest): Config {
  // Without a schema, Config is unknown: that is its default in defineConnector.
  if (connector.configSchema === undefined) return request.config as Config;
  const result = v.safeParse(connector.configSchema, request.config);
  if (result.success) return result.output;
  throw new AgnesError(
    'invalid_config',
    `The configuration of source ${request.source} is not valid: ${issueText(result.issues)}.`,
    { hint: `Correct it; see the page of the ${connector.sourceType} connector.` },
  );
}

/** Passes on a few messages a second for each table, and always the last one. */
function throttledProgress(send: RunInput['send']): (table: ConnectorTable, progress: Progress) => void {
  const sent = new Map<string, number>();
  return (table, progress) => {
    const now = performance.now();
    const complete = progress.total !== undefined && progress.done >= progress.total;
    if (!complete && now - (sent.get(table.name) ?? Number.NEGATIVE_INFINITY) < PROGRESS_EVERY_MS) return;
    sent.set(table.name, now);
    send({ type: 'progress', table: table.name, ...progress });
  };
}
