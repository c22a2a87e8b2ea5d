import { AgnesError } from '@agnes/errors';
import * as v from 'valibot';
import { isIdentifier, isTableName } from './identifiers.ts';
import { QUERY_MODES } from './tables.ts';

/** The version of the protocol between the server and a connector process. */
export const PROTOCOL = 1;

/** Characters; a longer line is no message. */
export const MAX_LINE = 1_048_576;

const optionalText = v.nullish(v.string());
const count = v.pipe(v.number(), v.minValue(0));

/** One table to extract, as it is registered. */
export const connectorTable = v.object({
  /** The registry's id. Opaque; for logs. */
  id: v.string(),
  /** The name to write it under. */
  name: v.pipe(
    v.string(),
    v.check((text: string) => isTableName(text), 'A table name is 1 to 64 ASCII letters, digits and underscores.'),
  ),
  /** Where the source keeps it: a bucket, a dataset, a schema, a folder. */
  bucket: optionalText,
  source_table: optionalText,
  /** SQL at the source, for a materialized table. */
  source_query: optionalText,
  query_mode: v.optional(v.picklist(QUERY_MODES), 'local'),
  sync_strategy: v.optional(v.picklist(['full_refresh', 'incremental', 'partitioned']), 'full_refresh'),
  primary_key: v.nullish(v.array(v.string())),
  /** Types that win over what the connector would choose, by column name, in DuckDB's spelling. */
  column_types: v.nullish(v.record(v.string(), v.string())),
  /** Options of this connector for this table. */
  options: v.nullish(v.record(v.string(), v.unknown())),
  /** ISO 8601, when the table was last really extracted. */
  last_sync: optionalText,
});

/** What a connector process is asked to do: one JSON line on its standard input. */
export const connectorRequest = v.object({
  protocol: v.literal(PROTOCOL),
  source: v.pipe(
    v.string(),
    v.check((text: string) => isIdentifier(text), 'A source is named by a strict identifier.'),
  ),
  /** The source's folder, `extracts/<source>`, absolute. */
  output_dir: v.pipe(v.string(), v.minLength(1)),
  config: v.optional(v.unknown(), {}),
  tables: v.array(connectorTable),
  /** Names that were taken out of the registry: their rows and files leave the extract. */
  drop: v.optional(v.array(v.string()), []),
  /** What the connector's process may allocate, in MB; beyond it the server ends it. */
  memory_mb: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  /** What the connector last sent as its state. */
  state: v.optional(v.unknown()),
});

export type ConnectorTable = v.InferOutput<typeof connectorTable>;
export type ConnectorRequest = v.InferOutput<typeof connectorRequest>;

const warning = v.object({ code: v.string(), message: v.string(), hint: v.optional(v.string()) });

/** One line of a connector's standard output. */
export const connectorMessage = v.variant('type', [
  v.object({
    type: v.literal('log'),
    level: v.picklist(['info', 'warning', 'error']),
    message: v.string(),
  }),
  v.object({
    type: v.literal('progress'),
    /** Absent: of the whole run. */
    table: v.optional(v.string()),
    done: count,
    total: v.optional(count),
    unit: v.picklist(['bytes', 'rows', 'tables']),
  }),
  v.object({
    type: v.literal('table_done'),
    table: v.string(),
    rows: count,
    size_bytes: count,
    warnings: v.optional(v.array(warning)),
  }),
  v.object({
    type: v.literal('table_failed'),
    table: v.string(),
    code: v.string(),
    message: v.string(),
    hint: v.optional(v.string()),
  }),
  v.object({ type: v.literal('state'), state: v.unknown() }),
  v.object({ type: v.literal('done'), tables_ok: count, tables_failed: count }),
]);

export type ConnectorMessage = v.InferOutput<typeof connectorMessage>;
export type ConnectorWarning = v.InferOutput<typeof warning>;
export type LogLevel = 'info' | 'warning' | 'error';

/** Reads the request line. Throws `connector_protocol`, naming the field that is wrong. */
export function parseConnectorRequest(line: string): ConnectorRequest {
  const result = v.safeParse(connectorRequest, jsonOf(line, 'The request'));
  if (result.success) return result.output;
  throw new AgnesError('connector_protocol', `The request is not valid: ${issueText(result.issues)}.`, {
    hint: 'Send one JSON line as docs/specs/connector-protocol.md says.',
  });
}

/** Reads one line of a connector's standard output. Throws `connector_protocol` and shows the line's beginning. */
export function parseConnectorLine(text: string): ConnectorMessage {
  if (text.length > MAX_LINE) {
    throw new AgnesError('connector_protocol', `The connector wrote a line of ${text.length} characters.`, {
      hint: `A message has at most ${MAX_LINE} characters.`,
    });
  }
  const result = v.safeParse(connectorMessage, jsonOf(text, 'The connector'));
  if (result.success) return result.output;
  throw new AgnesError('connector_protocol', `The connector wrote ${shown(text)}: ${issueText(result.issues)}.`, {
    hint: 'Standard output is for protocol messages only; a connector logs to standard error.',
  });
}

function jsonOf(text: string, who: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new AgnesError('connector_protocol', `${who} is not one line of JSON: ${shown(text)}.`, {
      hint: 'Standard output is for protocol messages only; a connector logs to standard error.',
      cause: error,
    });
  }
}

function shown(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

/** The first issue of a schema, with the path to the field. */
export function issueText(issues: readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): string {
  const path = v.getDotPath(issues[0]);
  return `${path === null ? '' : `${path}: `}${issues[0].message.replace(/\.$/, '')}`;
}
