import { createInterface } from 'node:readline';
import { AgnesError, messageOf } from '@agnes/errors';
import { answerRequest, EXIT } from './answer-request.ts';
import type { Connector } from './connector.ts';
import { parseConnectorRequest } from './protocol.ts';
import { takeStandardOutput } from './protocol-output.ts';

const STOP_WITHIN_MS = 8_000;
const LOOK_FOR_PARENT_MS = 1_000;

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
    // An orderly exit would wait for the statement that does not stop.
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), STOP_WITHIN_MS).unref();
  });

  // A server that was killed hears nothing more: writing to it tells, and ends this process. Without this a connector
  // that is silent for an hour would go on for an hour beside the one that the next server starts.
  const parent = process.ppid;
  const orphaned = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(orphaned);
    output.send({ type: 'log', level: 'warning', message: 'The process that started this connector has ended.' });
  }, LOOK_FOR_PARENT_MS);
  orphaned.unref();

  let code: number;
  try {
    const request = parseConnectorRequest(await readLine());
    code = await answerRequest(connector, request, { send: output.send, env, signal: stop.signal });
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
