import { AgnesError } from '@agnes/errors';
import type * as v from 'valibot';
import { isEnvironmentName } from './identifiers.ts';
import type { ConnectorRequest, ConnectorTable, ConnectorWarning, LogLevel } from './protocol.ts';
import type { ExtractWriter } from './writer.ts';

/** How far a table is. Sent on at most a few times a second; call it as often as you like. */
export interface Progress {
  readonly done: number;
  readonly total?: number;
  readonly unit: 'bytes' | 'rows';
}

/** What a connector works with. */
export interface ConnectorContext<Config = unknown, Session = undefined> {
  readonly request: ConnectorRequest;
  /** The source's configuration, as `configSchema` gave it back. */
  readonly config: Config;
  /** What `openSession` returned. */
  readonly session: Session;
  /** Write each table with it under `table.name`. It is committed after each table. */
  readonly writer: ExtractWriter;
  /** The declared environment variables that are set. Their values are struck out of everything the connector sends. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the process is asked to stop. */
  readonly signal: AbortSignal;
  log(level: LogLevel, message: string): void;
  progress(table: ConnectorTable, progress: Progress): void;
  /** Tells the reader of the job about something in the data that a person should look at. */
  warn(table: ConnectorTable, warning: ConnectorWarning): void;
  /** Keeps a value for the next run's `request.state`. It is sent after the next commit, so it never runs ahead of the data. */
  saveState(state: unknown): void;
}

export interface ConnectorDefinition<Config, Session> {
  /** What the registry calls such a source, for example `postgres`. */
  readonly sourceType: string;
  /** The environment variables it needs. It gets these and no others. */
  readonly environment: readonly string[];
  /** Checks the source's configuration before anything else runs. */
  readonly configSchema?: v.GenericSchema<unknown, Config>;
  /** Opens what all tables of a run share, such as a connection. Disposed of at the end when it is an AsyncDisposable. */
  readonly openSession?: (context: Omit<ConnectorContext<Config>, 'session'>) => Promise<Session>;
  /**
   * Extracts one table: writes it with `context.writer`, or drops it. What it throws is the table's failure (an
   * `AgnesError` with its code and hint); the other tables go on, and readers keep the table's last good version.
   */
  readonly extractTable: (table: ConnectorTable, context: ConnectorContext<Config, Session>) => Promise<void>;
}

/** A connector: give it to `runConnector`, and to the conformance suite. */
export type Connector<Config = unknown, Session = unknown> = ConnectorDefinition<Config, Session>;

/** Checks a connector's declaration and returns it. Throws `invalid_identifier` for a variable that cannot be one. */
export function defineConnector<Config = unknown, Session = undefined>(
  definition: ConnectorDefinition<Config, Session>,
): Connector<Config, Session> {
  for (const name of definition.environment) {
    if (isEnvironmentName(name)) continue;
    throw new AgnesError('invalid_identifier', `${JSON.stringify(name)} is no name of an environment variable.`, {
      hint: 'Use 1 to 64 ASCII capitals, digits and underscores, and a capital first.',
    });
  }
  return definition;
}
