import { type Connection, quoteIdentifier, quoteLiteral } from '@agnes/duckdb';
import { type Explaining, explainFailure } from './explain.ts';
import { type GateLimits, type Passed, type Refusal, refuse, unlistedPivot, withoutPlace } from './gate.ts';
import { type OpenColumn, type Placed, withPlaceholders } from './pivot-text.ts';
import { type FoundPivot, findPivot, isRow, parseExact, valuesStatement, wholePivot } from './pivot-tree.ts';
import { checkPlan } from './plan.ts';
import { gateStatement } from './statement.ts';
import { tokenize } from './tokens.ts';
import { isRecord, listOf, treeToSql } from './tree.ts';

export interface PivotOptions extends Explaining {
  /** Values that all lists of a statement may have together. Default 10,000. */
  readonly values?: number;
  readonly limits?: GateLimits;
}

/** A statement whose lists of values were written by us may be longer than one that a person sends. */
const EXPANDED: GateLimits = { bytes: 16 * 1024 * 1024, tokens: 400_000 };

/**
 * The statement with every PIVOT's values listed, as the engine would find them itself: what differs, without NULL, in the order
 * of its text. Each list is found by a statement that passes the gate and whose plan reads only `files`; so does the answer.
 * The tables must exist (as views), and the sandbox should be closed. Another statement comes back as it was.
 */
export async function expandPivot(
  connection: Connection,
  passed: Passed,
  files: ReadonlySet<string>,
  options: PivotOptions = {},
): Promise<Passed | Refusal> {
  if (!passed.pivots) return passed;
  let sql = passed.sql;
  let left = options.values ?? VALUES;
  for (;;) {
    const tokens = tokenize(sql);
    const placed = tokens && withPlaceholders(sql, tokens);
    if (placed === undefined) break;
    const step = await listOne(connection, sql, placed, files, left, { ...options, passed });
    if ('kind' in step) return step;
    sql = step.sql;
    left -= step.values;
  }
  const gate = await gateStatement(connection, sql, options.limits ?? EXPANDED);
  if (gate.kind === 'refused') return gate;
  return gate.pivots || !isWithin(gate, passed) ? unlistedPivot() : gate;
}

/** Whether a statement that was made of another names no more tables than that one. */
function isWithin(made: Passed, passed: Passed): boolean {
  return made.relations.every(({ name }) => passed.relations.some((known) => known.name === name));
}

interface Making extends PivotOptions {
  /** The statement whose relations were found readable. */
  readonly passed: Passed;
}

interface Step {
  readonly sql: string;
  /** How many values were listed. */
  readonly values: number;
}

/** One list more. The first one that depends on no other is taken: a PIVOT may read what another one makes. */
async function listOne(
  connection: Connection,
  sql: string,
  placed: Placed,
  files: ReadonlySet<string>,
  most: number,
  options: Making,
): Promise<Step | Refusal> {
  const statement = await parseExact(connection, placed.sql);
  for (const column of placed.columns) {
    const found = findPivot(statement, column.marker, []);
    if (found === undefined) return unlistedPivot();
    const values = await valuesStatement(connection, found, column, most + 1);
    if (values === undefined) return unlistedPivot();
    const tree = JSON.stringify(values);
    if (placed.columns.some(({ marker }) => tree.includes(`"${marker}"`))) continue;
    const rows = await runGated<{ v: string }>(connection, await treeToSql(connection, tree), files, options);
    if (!Array.isArray(rows)) return rows;
    const list = [...new Set(rows.map(({ v: value }) => value))];
    if (list.length > most) return tooMany(options.values ?? VALUES);
    if (list.some((value) => value.includes('\0'))) return unlistedPivot();
    return list.length > 0
      ? { sql: spliceList(sql, column, found, list), values: list.length }
      : withoutColumns(connection, sql, column, found, files, options);
  }
  return unlistedPivot();
}

const VALUES = 10_000;

function spliceList(sql: string, column: OpenColumn, found: FoundPivot, list: readonly string[]): string {
  const expression = sql.slice(column.expression.start, column.expression.end);
  // IN would take a row's fields for columns of their own; its text is what the values are.
  const compared = isRow(found.expression) ? `CAST(${expression} AS VARCHAR)` : expression;
  const { start } = column.expression;
  return `${sql.slice(0, start)}${compared} IN (${list.map(quoteLiteral).join(', ')})${sql.slice(column.end)}`;
}

/** A PIVOT that finds no value makes no column: what is left are its groups. */
async function withoutColumns(
  connection: Connection,
  sql: string,
  column: OpenColumn,
  found: FoundPivot,
  files: ReadonlySet<string>,
  options: Making,
): Promise<Step | Refusal> {
  const { on, onEnd, grouped } = column.pivot;
  const rest = sql.slice(onEnd);
  if (grouped) return { sql: `${sql.slice(0, on)}${rest}`, values: 0 };
  const alone = await wholePivot(connection, found);
  const described = await runGated<{ column_name: string }>(
    connection,
    `DESCRIBE ${await treeToSql(connection, JSON.stringify(alone))}`,
    files,
    options,
  );
  if (!Array.isArray(described)) return described;
  const made = listOf(found.node.pivots).reduce<number>(
    (count, pivot) => count * (isRecord(pivot) ? listOf(pivot.entries).length : 1),
    Math.max(1, listOf(found.node.aggregates).length),
  );
  const groups = described
    .slice(0, Math.max(0, described.length - made))
    .map((row) => quoteIdentifier(row.column_name));
  if (groups.length === 0) {
    return refuse(
      'sql_invalid',
      'The PIVOT finds no value, so that its answer would have no column.',
      'Add GROUP BY, or a filter that leaves rows.',
    );
  }
  return { sql: `${sql.slice(0, on)}GROUP BY ${groups.join(', ')}${rest}`, values: 0 };
}

async function runGated<T extends object>(
  connection: Connection,
  sql: string,
  files: ReadonlySet<string>,
  options: Making,
): Promise<T[] | Refusal> {
  const gate = await gateStatement(connection, sql, options.limits ?? EXPANDED);
  if (gate.kind === 'refused') return withoutPlace(gate);
  if (gate.pivots || !isWithin(gate, options.passed)) return unlistedPivot();
  const bad = await checkPlan(connection, gate.sql, files, options);
  if (bad !== undefined) return withoutPlace(bad);
  try {
    return await connection.rows<T>(gate.sql);
  } catch (error) {
    return withoutPlace(explainFailure(error, { tables: options.tables ?? [] }));
  }
}

function tooMany(most: number): Refusal {
  return refuse(
    'sql_too_large',
    `The PIVOT has more than ${most} values, each of which would be a column.`,
    'Pivot on fewer values: filter them first, or list those that you want: ON column IN (…).',
  );
}
