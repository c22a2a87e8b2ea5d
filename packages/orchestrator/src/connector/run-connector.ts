import { mkdir, rm } from 'node:fs/promises';
import { minimalEnvironment, nodeCommand } from '@agnes/child-process';
import type { Json } from '@agnes/duckdb';
import { AgnesError, isAgnesError, messageOf } from '@agnes/errors';
import { type ConnectorMessage, type ConnectorRequest, parseConnectorLine } from '@agnes/extract-contract';
import { ranOutOfMemory } from '../process/ran-out-of-memory.ts';
import { redactor } from '../process/redact.ts';
import { type ChildEnd, runChild } from '../process/run-child.ts';
import type { ConnectorProcess } from './connector-process.ts';
import { readState, writeState } from './connector-state.ts';

const MAX_LINE_BYTES = 1024 * 1024;
const STDERR_LINES = 10;

type Message<Type extends ConnectorMessage['type']> = Extract<ConnectorMessage, { type: Type }>;

export interface ConnectorRunOptions {
  readonly outputDir: string;
  readonly temporary: string;
  readonly tables: ConnectorRequest['tables'];
  readonly drop: ConnectorRequest['drop'];
  readonly timeoutMs: number;
  /** What its process may allocate, in MB. */
  readonly memoryMb: number;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  readonly signal: AbortSignal;
  readonly environment?: NodeJS.ProcessEnv;
  onLog(level: 'info' | 'warning' | 'error', message: string): void;
  onProgress(progress: Omit<Message<'progress'>, 'type'>): void;
}

/** What a connector said of its tables, and how its process ended. */
export interface ConnectorReport {
  readonly done: ReadonlyMap<string, Message<'table_done'>>;
  readonly failed: ReadonlyMap<string, Message<'table_failed'>>;
  /** Why the run as a whole went wrong; what was said of single tables before still holds. */
  readonly error: AgnesError | undefined;
  /** The table at which the process died by itself, as far as its messages tell. */
  readonly diedAt?: string | undefined;
}

/**
 * Runs a connector to its end: one request on stdin, messages on stdout, its own declared variables and nothing else of the
 * environment. Never throws for what the connector does; secrets it was given are struck out of everything it says.
 */
export async function runConnector(
  connector: ConnectorProcess,
  options: ConnectorRunOptions,
): Promise<ConnectorReport> {
  const done = new Map<string, Message<'table_done'>>();
  const failed = new Map<string, Message<'table_failed'>>();
  const variables = declaredVariables(connector, options.environment ?? process.env);
  const redact = redactor(Object.values(variables));
  let last: Message<'done'> | undefined;
  let at: string | undefined;

  const redacted = <T extends { readonly message: string; readonly hint?: string | undefined }>(said: T): T => ({
    ...said,
    message: redact(said.message),
    ...(said.hint === undefined ? {} : { hint: redact(said.hint) }),
  });

  const warnOfState = (what: string) => (error: unknown) => {
    options.onLog('warning', `The state of the connector could not be ${what}: ${messageOf(error)}.`);
    return undefined;
  };
  const keepState = (state: Json) => writeState(options.outputDir, state).catch(warnOfState('kept'));

  const take = async (line: string): Promise<void> => {
    if (last !== undefined) {
      throw new AgnesError('connector_protocol', 'It went on writing after its last message.', {
        hint: 'The message done is the last one.',
      });
    }
    const message = parseConnectorLine(line);
    switch (message.type) {
      case 'log':
        options.onLog(message.level, redact(message.message));
        return;
      case 'progress':
        at = message.table ?? at;
        options.onProgress(message);
        return;
      case 'table_done':
        failed.delete(message.table);
        done.set(message.table, { ...message, warnings: (message.warnings ?? []).map(redacted) });
        return;
      case 'table_failed':
        done.delete(message.table);
        failed.set(message.table, redacted(message));
        return;
      case 'state':
        await keepState(message.state as Json);
        return;
      case 'done':
        last = message;
    }
  };

  let config: Json;
  try {
    config = await connector.config();
  } catch (error) {
    const why = redact(messageOf(error));
    return {
      done,
      failed,
      error: new AgnesError('invalid_config', `${connector.source} is not configured: ${why}`, {
        cause: error,
        hint: 'Correct the configuration of the source.',
      }),
    };
  }
  try {
    await mkdir(options.temporary, { recursive: true });
    await mkdir(options.outputDir, { recursive: true });
    const state = await readState(options.outputDir).catch(warnOfState('read, so it starts anew'));
    const request: ConnectorRequest = {
      protocol: 1,
      source: connector.source,
      output_dir: options.outputDir,
      config,
      tables: options.tables,
      drop: options.drop,
      memory_mb: options.memoryMb,
      ...(state === undefined ? {} : { state }),
    };
    const end = await runChild({
      command: nodeCommand(connector.entry, { dataBytes: options.memoryMb * 2 ** 20 }),
      residentBytes: options.memoryMb * 2 ** 20,
      environment: { ...minimalEnvironment(options.temporary), ...variables },
      cwd: options.temporary,
      input: JSON.stringify(request),
      onLine: take,
      maxLineBytes: MAX_LINE_BYTES,
      deadlineMs: options.timeoutMs,
      ...(connector.silenceSeconds === undefined ? {} : { silenceMs: connector.silenceSeconds * 1000 }),
      graceMs: options.graceMs,
      signal: options.signal,
    });
    const died = end.reason === 'exited' && last === undefined && end.code !== 0;
    const spokenOf = at === undefined || done.has(at) || failed.has(at);
    return {
      done,
      failed,
      error: errorOf(connector, end, last, options, redact),
      ...(died && !spokenOf ? { diedAt: at } : {}),
    };
  } catch (error) {
    if (!isAgnesError(error, 'unavailable')) throw error;
    return { done, failed, error };
  } finally {
    await rm(options.temporary, { recursive: true, force: true, maxRetries: 3 });
  }
}

function declaredVariables(connector: ConnectorProcess, environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    connector.environment.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Undefined when the run ended as the protocol says, whatever became of its tables. */
function errorOf(
  connector: ConnectorProcess,
  end: ChildEnd,
  last: Message<'done'> | undefined,
  options: ConnectorRunOptions,
  redact: (text: string) => string,
): AgnesError | undefined {
  const said = end.stderr.lines(STDERR_LINES).map(redact);
  const tail = said.length === 0 ? '' : ` It last said: ${said.join(' | ')}`;
  const name = `The connector of ${connector.source}`;
  const keeps = 'Readers keep the last good version.';
  const make = (code: AgnesError['code'], what: string, hint: string): AgnesError =>
    new AgnesError(code, `${name} ${what}. ${keeps}${tail}`, {
      hint,
      details: { source: connector.source, stderr: said },
    });
  const seconds = (ms: number | undefined): string => `${(ms ?? 0) / 1000} s`;

  switch (end.reason) {
    case 'cancelled':
      return new AgnesError('job_cancelled', `${name} was stopped because the job was cancelled. ${keeps}`);
    case 'deadline':
      return make(
        'connector_timeout',
        `did not finish within ${seconds(options.timeoutMs)} and was stopped`,
        'Sync fewer tables at a time, or raise AGNES_EXTRACTOR_TIMEOUT_SEC.',
      );
    case 'silent':
      return make(
        'connector_timeout',
        `said nothing for ${connector.silenceSeconds} s and was stopped`,
        'See what it waits for; a connector that works for long should report progress.',
      );
    case 'refused': {
      const why = redact(messageOf(end.error)).replace(/\.$/, '');
      const hint = isAgnesError(end.error) ? end.error.hint : undefined;
      return make('connector_protocol', `broke the connector protocol: ${why}`, hint ?? 'Correct the connector.');
    }
    case 'memory':
    case 'exited':
      break;
  }
  if (ranOutOfMemory(end)) {
    return make(
      'connector_failed',
      `${end.signal === null ? `ended with exit code ${end.code}` : `was ended by ${end.signal}`}, most likely because it needs more than the ${options.memoryMb} MB of memory that it may have`,
      'Sync fewer tables at a time, or raise AGNES_CONNECTOR_MEMORY_MB.',
    );
  }
  if (end.signal !== null) {
    return make(
      'connector_failed',
      `was ended by ${end.signal}`,
      'Sync again; if it stays, look at what it last said.',
    );
  }
  if (last === undefined) {
    return end.code === 0
      ? make(
          'connector_protocol',
          'ended without the message done',
          'A connector ends with done; see the connector protocol.',
        )
      : make(
          'connector_failed',
          `ended with exit code ${end.code} before it was done`,
          'Its last lines say why; correct that and sync again.',
        );
  }
  const expected = last.tables_failed === 0 ? 0 : last.tables_ok === 0 ? 1 : 2;
  if (end.code === 0 || end.code === 1 || end.code === 2) {
    return end.code === expected || last.tables_ok + last.tables_failed === 0
      ? undefined
      : make(
          'connector_protocol',
          `reported ${last.tables_ok} tables done and ${last.tables_failed} failed, and ended with exit code ${end.code}`,
          'Exit codes: 0 all tables, 2 some, 1 none.',
        );
  }
  return make('connector_failed', `ended with exit code ${end.code} after it was done`, 'Its last lines say why.');
}
