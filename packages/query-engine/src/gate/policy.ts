import { type Column, type Connection, quoteIdentifier } from '@agnes/duckdb';
import { asciiLower } from './ascii.ts';
import { explainEngineError } from './explain.ts';
import { AGGREGATE_FUNCTIONS, CLOCK_NAMES, isScalarFunction, UNSTEADY_FUNCTIONS } from './functions.ts';
import { type Refusal, refuse } from './gate.ts';
import { tokenize } from './tokens.ts';
import { bindPlan, isRecord, listOf, parseTree, type TreeNode } from './tree.ts';
import { walkStatement } from './walk.ts';

/** An expression over a row and `caller` that can be used. */
export interface PolicyExpression {
  readonly kind: 'ok';
  /** DuckDB's name of its type. */
  readonly type: string;
}

/** The type of `caller` in a policy. */
export const CALLER_TYPE = 'STRUCT(user_id VARCHAR, email VARCHAR, "groups" VARCHAR[])';

/**
 * Whether a row filter or a mask is one expression over a table's columns and `caller`: no subquery, no aggregate, no window,
 * functions of the list only, and it binds. A filter must be a BOOLEAN. Neither the clock nor chance is in it: what it lets
 * through is kept while data and rules are the same. Names no row: nothing is run.
 */
export async function checkPolicyExpression(
  connection: Connection,
  columns: readonly Column[],
  expression: string,
  kind: 'filter' | 'mask',
): Promise<PolicyExpression | Refusal> {
  const shape = await checkShape(connection, columns, expression);
  if (shape !== undefined) return shape;
  const row = columns.map(({ name, type }) => `CAST(NULL AS ${type}) AS ${quoteIdentifier(name)}`).join(', ');
  const source = `(SELECT ${row}) AS "row", (SELECT CAST(NULL AS ${CALLER_TYPE}) AS caller) AS "caller_row"`;
  const bound = await bindPlan(connection, `SELECT (${expression}\n) AS value FROM ${source}`);
  if ('error' in bound) {
    const tables = [{ name: 'row', columns: [...columns.map(({ name }) => name), 'caller'] }];
    return explainEngineError({ ...bound.error, position: undefined }, { tables });
  }
  const [described] = await connection.columns(`SELECT (${expression}\n) AS value FROM ${source}`);
  const type = described?.type ?? '';
  if (kind === 'filter' && type !== 'BOOLEAN') {
    return refuse(
      'sql_invalid',
      `A row filter is BOOLEAN; this expression is ${type}.`,
      'Compare with something: column = value.',
    );
  }
  return { kind: 'ok', type };
}

const EXAMPLE = "Write one expression, such as region = 'CZ' or list_contains(caller.groups, 'finance').";

async function checkShape(
  connection: Connection,
  columns: readonly Column[],
  expression: string,
): Promise<Refusal | undefined> {
  if (expression.length > 20_000 || expression.includes('\0')) {
    return refuse('sql_too_large', 'The expression is longer than 20,000 characters.', EXAMPLE);
  }
  const tokens = tokenize(expression);
  if (tokens === undefined || tokens.length === 0 || tokens.some(({ depth }) => depth < 0)) {
    return refuse(
      'sql_syntax',
      'The expression is empty, or a quote, a comment or a bracket of it is not closed.',
      EXAMPLE,
    );
  }
  const parsed = await parseTree(connection, `SELECT (${expression}\n)`);
  if ('error' in parsed) return explainEngineError({ ...parsed.error, position: undefined }, {});
  const statement = parsed.statements[0];
  const node = isRecord(statement) && isRecord(statement.node) ? statement.node : undefined;
  const list = listOf(node?.select_list);
  const from = isRecord(node?.from_table) ? node.from_table.type : undefined;
  const alone = parsed.statements.length === 1 && list.length === 1 && from === 'EMPTY' && hasOnly(node, SELECT_FIELDS);
  if (!alone) return refuse('sql_not_allowed', 'This is more than one expression.', EXAMPLE);
  const walked = walkStatement(statement, 100);
  if ('refusal' in walked) return walked.refusal;
  const bad = notForOneRow(list);
  if (bad !== undefined)
    return refuse('sql_not_allowed', `${bad} is not allowed in a policy.`, EXAMPLE, { unknown: bad });
  const unsteady = unsteadyPart(list, new Set(columns.map(({ name }) => asciiLower(name))));
  if (unsteady === undefined) return undefined;
  return refuse(
    'sql_not_allowed',
    `${unsteady} is not allowed in a policy: what one lets through is kept while data and rules are the same.`,
    'Compare with what stands in the data, such as a column that each sync computes.',
    { unknown: unsteady },
  );
}

/** What says another thing each time. */
function unsteadyPart(node: unknown, columns: ReadonlySet<string>): string | undefined {
  if (Array.isArray(node)) {
    for (const one of node) {
      const part = unsteadyPart(one, columns);
      if (part !== undefined) return part;
    }
    return undefined;
  }
  if (!isRecord(node)) return undefined;
  if (node.class === 'FUNCTION') {
    const name = asciiLower(String(node.function_name));
    const ofNow = name === 'age' && listOf(node.children).length === 1;
    if (ofNow || UNSTEADY_FUNCTIONS.has(name)) return `${name}()`;
  }
  if (node.class === 'COLUMN_REF') {
    const [name, ...more] = listOf(node.column_names).map((part) => asciiLower(String(part)));
    if (name !== undefined && more.length === 0 && CLOCK_NAMES.has(name) && !columns.has(name)) return name;
  }
  return unsteadyPart(Object.values(node), columns);
}

const SELECT_FIELDS = new Set(['type', 'select_list', 'from_table', 'aggregate_handling']);

function hasOnly(node: TreeNode | undefined, fields: ReadonlySet<string>): boolean {
  return node !== undefined && Object.keys(node).every((field) => fields.has(field));
}

/** What needs more than the row: it would read other rows, or make several of one. */
function notForOneRow(node: unknown): string | undefined {
  if (Array.isArray(node)) {
    for (const one of node) {
      const bad = notForOneRow(one);
      if (bad !== undefined) return bad;
    }
    return undefined;
  }
  if (!isRecord(node)) return undefined;
  const kind = node.class;
  if (kind === 'SUBQUERY') return 'A subquery';
  if (kind === 'WINDOW') return 'A window function';
  if (kind === 'STAR') return 'COLUMNS or *';
  if (kind === 'POSITIONAL_REFERENCE') return 'A column by its number';
  if (kind === 'OPERATOR' && node.type === 'GROUPING_FUNCTION') return 'GROUPING';
  if (kind === 'FUNCTION') {
    const name = asciiLower(String(node.function_name));
    if (!isScalarFunction(name)) return AGGREGATE_FUNCTIONS.has(name) ? `The aggregate ${name}()` : `${name}()`;
  }
  return notForOneRow(Object.values(node));
}
