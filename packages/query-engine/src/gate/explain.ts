import { messageOf } from '@agnes/errors';
import { functionRefusal } from './function-refusal.ts';
import { allowedFunctionNames, TABLE_FUNCTIONS } from './functions.ts';
import { type Refusal, type Relation, refuse } from './gate.ts';
import { didYouMean, nearestNames } from './nearest.ts';
import { positionAt } from './position.ts';
import type { EngineError } from './tree.ts';

/** A table that the caller may read. Columns of those that the statement names are enough. */
export interface ReadableTable {
  readonly name: string;
  readonly columns?: readonly string[];
}

export interface Explaining {
  /** The statement that was run, for places in it. */
  readonly sql?: string;
  /** What may be named in an answer. Nothing else is. */
  readonly tables?: readonly ReadableTable[];
}

/** What a query that failed while it was bound or run tells its caller: no path, and no name that is not the caller's to see. */
export function explainFailure(error: unknown, explaining: Explaining = {}): Refusal {
  return explainEngineError(engineErrorOf(messageOf(error)), explaining);
}

/** The refusal of a table that the caller cannot read: the same whether it exists or not. */
export function unknownTable({ name, position }: Relation, tables: readonly ReadableTable[]): Refusal {
  const nearest = nearestNames(
    name,
    tables.map((table) => table.name),
  );
  const asFile = /[\\/*?]|\.(parquet|csv|tsv|json|jsonl|ndjson|txt|duckdb|db)(\.(gz|zst))?$/i.test(name);
  const hint = asFile
    ? 'Files cannot be read by a query, only tables. `agnes catalog` lists them.'
    : `${didYouMean(nearest)}\`agnes catalog\` lists the tables that you may read.`;
  return refuse('sql_unknown_table', `There is no table ${name}, or it is not granted to you.`, hint, {
    unknown: name,
    nearest,
    ...(position && { position }),
  });
}

export function explainEngineError(error: EngineError, { sql, tables = [] }: Explaining): Refusal {
  const where = sql === undefined || error.position === undefined ? {} : { position: positionAt(sql, error.position) };
  return { ...explainKind(error, tables), ...where };
}

function explainKind(error: EngineError, tables: readonly ReadableTable[]): Refusal {
  const kind = error.kind.toLowerCase();
  const first = oneLine(error.message);
  if (/^memory exhausted|Max expression depth|Maximum grouping set|Pivot column limit/i.test(first)) {
    return refuse(
      'sql_too_large',
      /Pivot/i.test(first)
        ? 'The PIVOT makes too many columns.'
        : 'The statement is nested too deeply, or has too many parts.',
      'Write it with fewer levels and values: CTEs (WITH …) in sequence, a table instead of a list.',
    );
  }
  if (kind === 'parser' || kind === 'syntax') return syntax(first);
  const name = error.name ?? nameIn(error.message);
  if (
    error.subtype === 'COLUMN_NOT_FOUND' ||
    /^Referenced column|does not have a column|Table .* not found/i.test(first)
  ) {
    return unknownColumn(name, first, tables);
  }
  if (kind === 'catalog') {
    const type = error.type ?? /^([A-Za-z ]+) with name/.exec(first)?.[1] ?? '';
    return missing(type, name, tables);
  }
  if (kind === 'permission' || kind === 'io' || kind === 'http') {
    return refuse(
      'sql_not_allowed',
      'The query would read something that is not one of its tables.',
      'Query tables only; `agnes catalog` lists them.',
    );
  }
  if (kind === 'out of memory') {
    return refuse('query_failed', 'The query needs more memory than it may have.', SMALLER);
  }
  if (kind === 'interrupt' || kind === 'internal' || kind === 'fatal' || kind === 'serialization') {
    return refuse(
      'query_failed',
      'The engine could not run this query.',
      'Write it another way; if it fails again, tell an administrator.',
    );
  }
  const code = BEFORE_ANY_ROW.has(kind) ? 'sql_invalid' : 'query_failed';
  return refuse(code, withoutPaths(first), HINTS[kind] ?? 'Correct the statement.');
}

const BEFORE_ANY_ROW = new Set(['binder', 'not implemented', 'parameter not resolved', 'missing extension']);
const SMALLER = 'Ask for less: fewer rows, fewer columns, or a filter; aggregate before you join.';
const HINTS: Readonly<Record<string, string>> = {
  conversion: 'Use TRY_CAST to get NULL for values that cannot be converted.',
  'out of range': 'Use a larger type: CAST(… AS HUGEINT) or DOUBLE.',
  'missing extension': 'This server has no extensions of DuckDB. Write it another way.',
};

function syntax(message: string): Refusal {
  const near = /at or near "(.*)"/s.exec(message)?.[1];
  return refuse(
    'sql_syntax',
    `The statement cannot be parsed: ${message}.`,
    "Look at the place that is named, and what is before it. DuckDB's SQL is expected.",
    {
      ...(near !== undefined && { unknown: near }),
    },
  );
}

function unknownColumn(name: string, message: string, tables: readonly ReadableTable[]): Refusal {
  if (/^Referenced table/i.test(message)) {
    const table = quoted(message) ?? name;
    return refuse(
      'sql_unknown_column',
      `There is no table or alias ${table} in FROM.`,
      `Name it in FROM, or correct the name before the dot.`,
      { unknown: table },
    );
  }
  const nearest = nearestNames(
    name,
    tables.flatMap((table) => table.columns ?? []),
  );
  return refuse(
    'sql_unknown_column',
    `There is no column ${name} in the tables of this query.`,
    `${didYouMean(nearest)}DESCRIBE a table to see its columns.`,
    {
      unknown: name,
      nearest,
    },
  );
}

function missing(type: string, name: string, tables: readonly ReadableTable[]): Refusal {
  if (/function|macro/i.test(type)) {
    return functionRefusal(name, /table/i.test(type) ? TABLE_FUNCTIONS : allowedFunctionNames());
  }
  if (/type|collation|extension|setting/i.test(type)) {
    return refuse('sql_invalid', `There is no ${type.toLowerCase()} ${name}.`, "Use one of DuckDB's own.", {
      unknown: name,
    });
  }
  return unknownTable({ name }, tables);
}

const quoted = (message: string): string | undefined => /"([^"]+)"/.exec(message)?.[1];
/** `Table "o" does not have a column named "x"` is about x. */
const nameIn = (message: string): string =>
  /a column named "([^"]+)"/.exec(message)?.[1] ??
  quoted(message) ??
  /with name (\S+)/.exec(message)?.[1] ??
  'that name';

/** What the engine adds about candidates is left out: it may name what the caller cannot see. */
function oneLine(message: string): string {
  const [first = ''] = message.split('\n');
  return first.replace(/\s*(Did you mean|Candidate).*$/s, '').replace(/\.$/, '');
}

const PATH = /(?:file:)?(?:[A-Za-z]:)?[\\/](?:[^\s'"`,;:()<>|]+[\\/])*[^\s'"`,;:()<>|]+/g;

function withoutPaths(message: string): string {
  return `${message.replaceAll(PATH, (path) => (/^[\\/][^\\/]*$/.test(path) ? path : '…'))}.`;
}

/** The engine's message as an exception has it: `Binder Error: …`, then `LINE 1: …` with a caret under the place. */
function engineErrorOf(message: string): EngineError {
  const match = /^(?:Failed to \w+ statements?: )?([A-Z][A-Za-z ]*?) Error: ([\s\S]*)$/.exec(message);
  return { kind: match?.[1]?.toLowerCase() ?? 'internal', message: match?.[2] ?? '' };
}
