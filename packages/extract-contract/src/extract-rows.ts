import type { Row } from '@agnes/duckdb';
import type { ErrorCode } from '@agnes/errors';
import { isEnvironmentName, isIdentifier, isTableName } from './identifiers.ts';
import { type MetaRow, type PartRow, QUERY_MODES, type RemoteAttachRow } from './tables.ts';

/** A table of an extract: its `_meta` row, the object of that name, and the parts that the writer listed. */
export interface ExtractTable extends MetaRow {
  readonly object: 'view' | 'table';
  /** The statement that makes the object, as DuckDB keeps it. It was written by a stranger: never run it. */
  readonly sql: string;
  readonly parts: readonly PartRow[];
}

/** Something that is wrong with one row of an extract; its other rows are fine. */
export interface ExtractProblem {
  readonly code: ErrorCode;
  readonly table?: string;
  readonly message: string;
  readonly hint: string;
}

/** What an extract declares. Tables that have a problem are left out of `tables`. */
export interface Extract {
  readonly tables: readonly ExtractTable[];
  readonly remoteAttach: readonly RemoteAttachRow[];
  readonly problems: readonly ExtractProblem[];
}

/** A table or view of schema main. */
export interface InnerObject {
  readonly name: string;
  readonly kind: 'view' | 'table';
  readonly sql: string;
}

/** The tables that `_meta` declares and that have an object; what is wrong with the others goes to `problems`. */
export function readTables(
  meta: readonly Row[],
  objects: ReadonlyMap<string, InnerObject>,
  parts: ReadonlyMap<string, readonly PartRow[]>,
  problems: ExtractProblem[],
): ExtractTable[] {
  const tables = new Map<string, ExtractTable>();
  for (const row of meta) {
    const name = row.table_name;
    const object = typeof name === 'string' ? objects.get(name.toLowerCase()) : undefined;
    const problem = problemOf(row, object, tables);
    if (problem !== undefined || typeof name !== 'string' || object === undefined) {
      problems.push({ table: String(name), ...(problem ?? missingObject(String(name))) });
      continue;
    }
    tables.set(name.toLowerCase(), {
      table_name: name,
      description: textOf(row.description),
      rows: countOf(row.rows),
      size_bytes: countOf(row.size_bytes),
      extracted_at: timeOf(row.extracted_at),
      query_mode: textOf(row.query_mode) ?? 'local',
      object: object.kind,
      sql: object.sql,
      parts: parts.get(name.toLowerCase()) ?? [],
    });
  }
  return [...tables.values()];
}

function problemOf(
  row: Row,
  object: InnerObject | undefined,
  earlier: ReadonlyMap<string, ExtractTable>,
): Omit<ExtractProblem, 'table'> | undefined {
  const name = row.table_name;
  if (!isTableName(name)) {
    return {
      code: 'invalid_identifier',
      message: `${JSON.stringify(name)} in _meta cannot be a table name.`,
      hint: 'Use 1 to 64 ASCII letters, digits and underscores, and no digit first.',
    };
  }
  if (earlier.has(name.toLowerCase())) {
    return {
      code: 'extract_invalid',
      message: `_meta names the table ${name} twice.`,
      hint: 'Delete the old row before inserting the new one.',
    };
  }
  if (object === undefined) return missingObject(name);
  if (row.query_mode !== null && !QUERY_MODES.some((mode) => mode === row.query_mode)) {
    return {
      code: 'extract_invalid',
      message: `The query mode ${JSON.stringify(row.query_mode)} of ${name} is not known.`,
      hint: `Use one of ${QUERY_MODES.join(', ')}.`,
    };
  }
  return undefined;
}

function missingObject(name: string): Omit<ExtractProblem, 'table'> {
  return {
    code: 'extract_invalid',
    message: `There is no view or table ${name} for its row in _meta.`,
    hint: `Create a view ${name} in schema main.`,
  };
}

/** The valid rows of `_remote_attach`; what is wrong with the others goes to `problems`. */
export function readRemoteAttach(rows: readonly Row[], problems: ExtractProblem[]): RemoteAttachRow[] {
  const valid: RemoteAttachRow[] = [];
  for (const { alias, extension, url, token_env } of rows) {
    const token = token_env ?? '';
    if (isIdentifier(alias) && isIdentifier(extension) && typeof url === 'string' && isTokenName(token)) {
      valid.push({ alias, extension, url, token_env: token });
      continue;
    }
    problems.push({
      code: 'extract_invalid',
      message: `The row ${JSON.stringify(String(alias))} of _remote_attach is not valid.`,
      hint: 'alias and extension are identifiers, url is text, token_env is the name of a variable or empty.',
    });
  }
  return valid;
}

function isTokenName(value: unknown): value is string {
  return value === '' || isEnvironmentName(value);
}

/** The rows of `_parts` by lower-case table name, in their order. */
export function groupParts(rows: readonly Row[]): Map<string, PartRow[]> {
  const groups = new Map<string, PartRow[]>();
  for (const row of rows) {
    if (typeof row.table_name !== 'string' || typeof row.path !== 'string') continue;
    const part: PartRow = {
      table_name: row.table_name,
      path: row.path,
      rows: countOf(row.rows),
      size_bytes: countOf(row.size_bytes),
      sha256: textOf(row.sha256),
      partition_key: textOf(row.partition_key),
    };
    const key = row.table_name.toLowerCase();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [part]);
    else group.push(part);
  }
  return groups;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function countOf(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 ? value : null;
}

/** A TIMESTAMP without zone, which the contract holds in UTC. */
function timeOf(value: unknown): Date | null {
  if (typeof value !== 'string') return null;
  const time = new Date(value.endsWith('Z') ? value : `${value}Z`);
  return Number.isNaN(time.getTime()) ? null : time;
}
