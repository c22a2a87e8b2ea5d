import { type Connection, quoteLiteral } from '@agnes/duckdb';
import type { OpenColumn } from './pivot-text.ts';
import { isRecord, listOf, NO_JSON, type TreeNode } from './tree.ts';

/** A PIVOT in a tree, the expression that a placeholder belongs to, and the CTEs that it can see, outermost first. */
export interface FoundPivot {
  readonly node: TreeNode;
  readonly expression: unknown;
  readonly contexts: readonly (readonly unknown[])[];
}

/**
 * The tree of one statement, with its numbers as they are written: a JavaScript number would change some. Undefined for one that
 * holds a number that JSON does not have.
 */
export async function parseExact(connection: Connection, sql: string): Promise<unknown> {
  const row = await connection.first<{ tree: string }>(`SELECT json_serialize_sql(${quoteLiteral(sql)}) AS tree`);
  const exact = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' && context?.source !== undefined ? rawJson(context.source) : value;
  const text = row?.tree ?? 'null';
  for (const [found] of text.matchAll(NO_JSON)) if (!found.startsWith('"')) return undefined;
  const tree: unknown = JSON.parse(text, exact);
  return isRecord(tree) ? listOf(tree.statements)[0] : undefined;
}

/** Since Node 22; TypeScript does not know it yet. */
const { rawJSON: rawJson, isRawJSON: isRawJson } = JSON as unknown as {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
};

/** The PIVOT whose list is `marker`. */
export function findPivot(
  node: unknown,
  marker: string,
  contexts: readonly (readonly unknown[])[],
): FoundPivot | undefined {
  if (Array.isArray(node)) return first(node, (one) => findPivot(one, marker, contexts));
  if (!isRecord(node)) return undefined;
  if (node.type === 'PIVOT') {
    const pivot = listOf(node.pivots).find((one) => JSON.stringify(one).includes(`"${marker}"`));
    if (isRecord(pivot)) return { node, expression: listOf(pivot.pivot_expressions)[0], contexts };
  }
  const map = isRecord(node.cte_map) ? listOf(node.cte_map.map) : [];
  for (const [index, entry] of map.entries()) {
    const before = index === 0 ? contexts : [...contexts, map.slice(0, index)];
    const found = isRecord(entry) ? findPivot(entry.value, marker, before) : undefined;
    if (found !== undefined) return found;
  }
  const { cte_map: _, ...rest } = node;
  return findPivot(Object.values(rest), marker, map.length === 0 ? contexts : [...contexts, map]);
}

/** The statement that finds the values of one list, as a column `v`; undefined when the list's SELECT cannot be read. */
export async function valuesStatement(
  connection: Connection,
  found: FoundPivot,
  column: OpenColumn,
  limit: number,
): Promise<Statement | undefined> {
  if (column.select !== undefined) {
    const listed = await parseExact(connection, column.select);
    if (!isStatement(listed)) return undefined;
    const filled = await fill(
      connection,
      `SELECT CAST(v AS VARCHAR) AS v FROM (FROM agnes_query) AS listed(v) WHERE v IS NOT NULL LIMIT ${limit}`,
      { agnes_query: listed.node },
    );
    return within(connection, found.contexts, filled);
  }
  const values = await fill(
    connection,
    'SELECT DISTINCT CAST(agnes_expression AS VARCHAR) AS v FROM agnes_source WHERE agnes_expression IS NOT NULL',
    { agnes_expression: found.expression, agnes_source: found.node.source },
  );
  const { node } = await within(connection, found.contexts, values);
  return fill(connection, `SELECT v FROM (FROM agnes_query) AS found ORDER BY v LIMIT ${limit}`, { agnes_query: node });
}

/** All rows of a PIVOT, where it sees what it sees. */
export async function wholePivot(connection: Connection, found: FoundPivot): Promise<Statement> {
  const filled = await fill(connection, 'FROM agnes_source', { agnes_source: found.node });
  return within(connection, found.contexts, filled);
}

export interface Statement {
  readonly node: TreeNode;
}

/** A statement that sees the CTEs of each context, inner ones before outer ones. */
async function within(
  connection: Connection,
  contexts: FoundPivot['contexts'],
  statement: Statement,
): Promise<Statement> {
  let { node } = statement;
  for (const map of contexts.toReversed()) {
    if (isRecord(node.cte_map) && listOf(node.cte_map.map).length > 0) {
      node = (await fill(connection, 'FROM (FROM agnes_query) AS inside', { agnes_query: node })).node;
    }
    node = { ...node, cte_map: { map } };
  }
  return { node };
}

/** The tree of `sql` with nodes in the place of names: the engine wants each of its fields, and knows them best itself. */
async function fill(connection: Connection, sql: string, nodes: Readonly<Record<string, unknown>>): Promise<Statement> {
  const tree = put(await parseExact(connection, sql), nodes);
  if (!isStatement(tree)) throw new Error(`${sql} is no statement.`);
  return tree;
}

function put(node: unknown, nodes: Readonly<Record<string, unknown>>): unknown {
  if (Array.isArray(node)) return node.map((one) => put(one, nodes));
  if (!isRecord(node) || isRawJson(node)) return node;
  const name = placeOf(node);
  if (name !== undefined && Object.hasOwn(nodes, name)) return nodes[name];
  return Object.fromEntries(Object.entries(node).map(([field, value]) => [field, put(value, nodes)]));
}

/** The name that a node consists of: a column, a table, or a query of one table. */
function placeOf(node: TreeNode): string | undefined {
  if (node.class === 'COLUMN_REF') return String(listOf(node.column_names)[0]);
  if (node.type === 'BASE_TABLE' && node.table_name !== 'agnes_query') return String(node.table_name);
  const from = node.type === 'SELECT_NODE' && isRecord(node.from_table) ? node.from_table : undefined;
  return from?.type === 'BASE_TABLE' && from.table_name === 'agnes_query' ? 'agnes_query' : undefined;
}

function isStatement(tree: unknown): tree is Statement {
  return isRecord(tree) && isRecord(tree.node);
}

/** `(a, b)`: DuckDB makes columns of its values as of one text. */
export function isRow(expression: unknown): boolean {
  return isRecord(expression) && expression.class === 'FUNCTION' && expression.function_name === 'row';
}

function first<T>(nodes: readonly unknown[], visit: (node: unknown) => T | undefined): T | undefined {
  for (const node of nodes) {
    const found = visit(node);
    if (found !== undefined) return found;
  }
  return undefined;
}
