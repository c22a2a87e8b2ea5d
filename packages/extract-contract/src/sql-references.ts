import { type Connection, quoteLiteral } from '@agnes/duckdb';
import * as v from 'valibot';

/** A table as a statement names it; parts that it leaves out are undefined. */
export interface TableReference {
  readonly catalog: string | undefined;
  readonly schema: string | undefined;
  readonly name: string;
}

/** Everything that a statement names, views and macros not expanded. Names are in lower case, but for `tables`. */
export interface SqlReferences {
  readonly tables: readonly TableReference[];
  readonly functions: ReadonlySet<string>;
  readonly tableFunctions: ReadonlySet<string>;
  readonly ctes: ReadonlySet<string>;
  /** Parts of the tree that are not known here, so that nobody can say what they read. */
  readonly unknown: ReadonlySet<string>;
}

const tree = v.variant('error', [
  v.object({ error: v.literal(false), statements: v.array(v.unknown()) }),
  v.object({ error: v.literal(true), error_message: v.string() }),
]);

/** What a SELECT names, read from DuckDB's own parse tree: nothing is bound. A string is the reason why that is not known. */
export async function referencesOf(connection: Connection, select: string): Promise<SqlReferences | string> {
  const row = await connection.first<{ tree: string }>(
    `SELECT json_serialize_sql(${quoteLiteral(select)}, skip_null := true, skip_empty := true) AS tree`,
  );
  const parsed = v.parse(tree, JSON.parse(row?.tree ?? 'null'));
  if (parsed.error) return parsed.error_message;
  const found = {
    tables: [] as TableReference[],
    functions: new Set<string>(),
    tableFunctions: new Set<string>(),
    ctes: new Set<string>(),
    unknown: new Set<string>(),
  };
  visit(parsed.statements, found);
  return found;
}

/** Nodes that are no expressions (those have a class) and of which it is known what they may hold. */
const KNOWN = new Set([
  ...['SELECT_NODE', 'SET_OPERATION_NODE', 'RECURSIVE_CTE_NODE', 'CTE_NODE'],
  ...['BASE_TABLE', 'SUBQUERY', 'JOIN', 'TABLE_FUNCTION', 'EXPRESSION_LIST', 'EMPTY', 'PIVOT'],
  ...['ORDER_MODIFIER', 'LIMIT_MODIFIER', 'LIMIT_PERCENT_MODIFIER', 'DISTINCT_MODIFIER'],
  ...['ORDER_DEFAULT', 'ASCENDING', 'DESCENDING'],
]);

interface Found {
  readonly tables: TableReference[];
  readonly functions: Set<string>;
  readonly tableFunctions: Set<string>;
  readonly ctes: Set<string>;
  readonly unknown: Set<string>;
}

function visit(node: unknown, found: Found): void {
  if (Array.isArray(node)) {
    for (const one of node) visit(one, found);
    return;
  }
  if (!isRecord(node)) return;
  if (node.class !== undefined) takeExpression(node, found);
  else if (typeof node.type === 'string') takeNode(node, node.type, found);
  if (isRecord(node.cte_map) && Array.isArray(node.cte_map.map)) {
    for (const entry of node.cte_map.map) found.ctes.add(textOf(entry?.key).toLowerCase());
  }
  if (node.type === 'TABLE_FUNCTION' && isRecord(node.function)) {
    const { function: called, ...rest } = node;
    found.tableFunctions.add(textOf(called.function_name).toLowerCase());
    visit([Object.values(called), Object.values(rest)], found);
  } else visit(Object.values(node), found);
}

function takeExpression(node: Record<string, unknown>, found: Found): void {
  const calls = node.class === 'FUNCTION' || (node.class === 'WINDOW' && node.type === 'WINDOW_AGGREGATE');
  if (calls) found.functions.add(textOf(node.function_name).toLowerCase());
}

function takeNode(node: Record<string, unknown>, type: string, found: Found): void {
  if (type === 'BASE_TABLE') {
    const part = (text: unknown): string | undefined => (typeof text === 'string' && text !== '' ? text : undefined);
    found.tables.push({
      catalog: part(node.catalog_name),
      schema: part(node.schema_name),
      name: textOf(node.table_name),
    });
  } else if (!KNOWN.has(type) && !type.endsWith('_TYPE_INFO')) found.unknown.add(type);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
