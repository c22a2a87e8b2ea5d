import type { Connection } from '@agnes/duckdb';
import { asciiLower } from './ascii.ts';
import { type Explaining, explainEngineError } from './explain.ts';
import { isAllowedFunction, refusalOf, TABLE_FUNCTIONS } from './functions.ts';
import { type Refusal, refuse } from './gate.ts';
import { bindPlan, isRecord, type TreeNode } from './tree.ts';

/**
 * Reads the bound plan of a gated statement, in which views, macros and CTEs are expanded: everything in it that scans must be
 * one of `files`, or a table function of the list. What cannot be bound or read is refused. The statement is not run.
 */
export async function checkPlan(
  connection: Connection,
  sql: string,
  files: ReadonlySet<string>,
  explaining: Explaining = {},
): Promise<Refusal | undefined> {
  const bound = await bindPlan(connection, sql);
  if ('error' in bound) {
    // Places in a statement that was made of another one would point at nothing.
    const { position, ...error } = bound.error;
    const same = explaining.sql === undefined || explaining.sql === sql;
    return explainEngineError(same ? { ...error, position } : error, { ...explaining, sql });
  }
  if (bound.plans.length !== 1) return outside('several statements');
  const bad = findBad(bound.plans[0], files);
  return bad === undefined ? undefined : outside(bad);
}

const OPERATORS = new Set([
  ...['PROJECTION', 'FILTER', 'AGGREGATE_AND_GROUP_BY', 'WINDOW', 'UNNEST', 'LIMIT', 'ORDER_BY', 'TOP_N', 'DISTINCT'],
  ...['SAMPLE', 'PIVOT', 'GET', 'CHUNK_GET', 'DELIM_GET', 'EXPRESSION_GET', 'DUMMY_SCAN', 'EMPTY_RESULT', 'CTE_REF'],
  ...['JOIN', 'DELIM_JOIN', 'COMPARISON_JOIN', 'ANY_JOIN', 'CROSS_PRODUCT', 'POSITIONAL_JOIN', 'ASOF_JOIN'],
  ...['DEPENDENT_JOIN', 'UNION', 'EXCEPT', 'INTERSECT', 'RECURSIVE_CTE', 'MATERIALIZED_CTE'],
]);
/** What views over files are made of. */
const FILE_SCANS = new Set(['read_parquet', 'parquet_scan']);
/** What COLLATE and names such as `current_schema` in a statement become; in a sandbox the latter are constants. */
const MADE_BY_BINDER = /^(icu_collate_\w+|current_schema|current_database)$/;

/** The first thing of a plan that may not be in it. */
function findBad(node: unknown, files: ReadonlySet<string>): string | undefined {
  if (Array.isArray(node)) return firstOf(node, files);
  if (!isRecord(node)) return undefined;
  const type = node.type;
  if (typeof type === 'string' && type.startsWith('LOGICAL_')) {
    const operator = type.slice('LOGICAL_'.length);
    if (!OPERATORS.has(operator)) return operator.replaceAll('_', ' ').toLowerCase();
    if (operator === 'GET') {
      const bad = badScan(node, files);
      if (bad !== undefined) return bad;
    }
  }
  if (CALLS.has(String(node.expression_class))) {
    const name = asciiLower(String(node.name));
    if (!isAllowedFunction(name) && !MADE_BY_BINDER.test(name) && refusalOf(name) !== undefined) return `${name}()`;
  }
  return firstOf(Object.values(node), files);
}

const CALLS = new Set(['BOUND_FUNCTION', 'BOUND_AGGREGATE', 'BOUND_WINDOW']);

function firstOf(nodes: readonly unknown[], files: ReadonlySet<string>): string | undefined {
  for (const node of nodes) {
    const bad = findBad(node, files);
    if (bad !== undefined) return bad;
  }
  return undefined;
}

function badScan(node: TreeNode, files: ReadonlySet<string>): string | undefined {
  const name = asciiLower(String(node.name));
  if (TABLE_FUNCTIONS.has(name)) return undefined;
  if (!FILE_SCANS.has(name)) return `a scan by ${name}`;
  const scanned = isRecord(node.function_data) ? node.function_data.files : undefined;
  const known = Array.isArray(scanned) && scanned.length > 0 && scanned.every((file) => files.has(file));
  return known ? undefined : 'a file that is none of its tables';
}

function outside(what: string): Refusal {
  return refuse(
    'sql_not_allowed',
    `The query would use ${what}.`,
    'Query tables only, with the functions of docs/security/sql-functions.md.',
    { unknown: what },
  );
}
