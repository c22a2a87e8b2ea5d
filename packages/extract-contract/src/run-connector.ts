import { createInterface } from 'node:readline';
import { AgnesError, isAgnesError, messageOf } from '@agnes/errors';
import type { Connector, ConnectorContext } from './connector.ts';
import { openRun } from './connector-run.ts';
import { type ConnectorRequest, type ConnectorTable, parseConnectorRequest } from './protocol.ts';
import { type ProtocolOutput, takeStandardOutput } from './protocol-output.ts';
import { openExtractWriter } from './writer.ts';

const EXIT = { all: 0, none: 1, some: 2, terminated: 143 } as const;
const STOP_WITHIN_MS = 8_000;

/**
 * Runs a connector as this process: one request on standard input, messages on standard output. Ends the process with 0
 * (all tables), 2 (some), 1 (none, or the request or configuration is wrong) or 143 (SIGTERM; finished tables stay).
 */
export async function runConnector<Config, Session>(connector: Connector<Config, Session>): Promise<never> {
  const env = Object.fromEntries(connector.environment.map((name) => [name, process.env[name]]));
  const secrets = Object.values(env).filter((value) => value !== undefined);
  const stop = new AbortController();
  const output = takeStandardOutput(secrets, () => process.exit(EXIT.none));
  process.once('SIGTERM', () => {
    stop.abort(new Error('The connector was asked to stop.'));
    setTimeout(() => process.exit(EXIT.terminated), STOP_WITHIN_MS).unref();
  });

  let code: number;
  try {
    code = await answer(connector, parseConnectorRequest(await readLine()), env, output, stop.signal);
  } catch (error) {
    output.send({ type: 'log', level: 'error', message: messageOf(error) });
    output.send({ type: 'done', tables_ok: 0, tables_failed: 0 });
    code = EXIT.none;
  }
  await output.flush();
  process.exit(stop.signal.aborted ? EXIT.terminated : code);
}

async function readLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) {
    if (line.trim() === '') continue;
    lines.close();
    process.stdin.destroy();
    return line;
  }
  throw new AgnesError('connector_protocol', 'There was no request on standard input.', {
    hint: 'Send the request as one line of JSON.',
  });
}

async function answer<Config, Session>(
  connector: Connector<Config, Session>,
  request: ConnectorRequest,
  env: ConnectorContext['env'],
  output: ProtocolOutput,
  signal: AbortSignal,
): Promise<number> {
  let ok = 0;
  let failed = 0;
  const fail = (table: ConnectorTable, error: unknown): void => {
    failed += 1;
    const known = isAgnesError(error) ? error : new AgnesError('connector_failed', messageOf(error), { cause: error });
    const hint = known.hint === undefined ? {} : { hint: known.hint };
    output.send({ type: 'table_failed', table: table.name, code: known.code, message: known.message, ...hint });
  };

  try {
    await using writer = await openExtractWriter(request.output_dir);
    signal.addEventListener('abort', () => writer.connection.interrupt());
    await using run = await openRun(connector, { request, env, signal, writer, output });
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
      output.send({ type: 'progress', done: ok + failed, total: request.tables.length, unit: 'tables' });
    }
  } catch (error) {
    // Opening or closing failed, so the tables that are left fail for the same reason.
    output.send({ type: 'log', level: 'error', message: messageOf(error) });
    if (!signal.aborted) for (const table of request.tables.slice(ok + failed)) fail(table, error);
  }
  output.send({ type: 'done', tables_ok: ok, tables_failed: failed });
  if (failed === 0) return EXIT.all;
  return ok === 0 ? EXIT.none : EXIT.some;
}
