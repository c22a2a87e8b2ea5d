import { type Connection, quoteLiteral } from '@agnes/duckdb';
import { bodyOfView } from '@agnes/extract-contract';
import * as v from 'valibot';

/** A view that hands on the rows of parquet files and does nothing else. */
export interface PlainScan {
  /** Paths and globs as the view has them, in order. */
  readonly patterns: readonly string[];
  readonly unionByName: boolean;
  /** Undefined: DuckDB decides by the paths. */
  readonly hivePartitioning: boolean | undefined;
}

// The trees are matched strictly: a field that we do not know may change what the view means, and then it is no plain scan.
const location = { query_location: v.optional(v.number()) };
const constant = v.strictObject({
  class: v.literal('CONSTANT'),
  type: v.literal('VALUE_CONSTANT'),
  alias: v.optional(v.string()),
  ...location,
  value: v.strictObject({
    type: v.strictObject({ id: v.picklist(['VARCHAR', 'BOOLEAN', 'INTEGER']) }),
    is_null: v.literal(false),
    value: v.union([v.string(), v.boolean(), v.number()]),
  }),
});
const toBoolean = v.strictObject({
  class: v.literal('CAST'),
  type: v.literal('OPERATOR_CAST'),
  alias: v.optional(v.string()),
  ...location,
  child: constant,
  cast_type: v.strictObject({ id: v.literal('BOOLEAN') }),
  try_cast: v.literal(false),
});
const flag = v.union([constant, toBoolean]);
const named = v.strictObject({
  class: v.literal('COMPARISON'),
  type: v.literal('COMPARE_EQUAL'),
  ...location,
  left: v.strictObject({
    class: v.literal('COLUMN_REF'),
    type: v.literal('COLUMN_REF'),
    ...location,
    column_names: v.tuple([v.string()]),
  }),
  right: flag,
});
const call = <Names extends readonly string[], Children extends v.GenericSchema>(names: Names, children: Children) =>
  v.strictObject({
    class: v.literal('FUNCTION'),
    type: v.literal('FUNCTION'),
    ...location,
    function_name: v.picklist(names),
    schema: v.optional(v.literal('main')),
    children,
    order_bys: v.strictObject({ type: v.literal('ORDER_MODIFIER') }),
    distinct: v.literal(false),
    is_operator: v.literal(false),
    export_state: v.literal(false),
  });
const paths = v.union([constant, call(['list_value'] as const, v.array(constant))]);
const scan = call(['read_parquet', 'parquet_scan'] as const, v.tupleWithRest([paths], v.union([flag, named])));
const statement = v.strictObject({
  error: v.literal(false),
  statements: v.tuple([
    v.strictObject({
      node: v.strictObject({
        type: v.literal('SELECT_NODE'),
        select_list: v.tuple([
          v.strictObject({ class: v.literal('STAR'), type: v.literal('STAR'), ...location, columns: v.literal(false) }),
        ]),
        from_table: v.strictObject({
          type: v.literal('TABLE_FUNCTION'),
          alias: v.optional(v.string()),
          ...location,
          function: scan,
          with_ordinality: v.literal('WITHOUT_ORDINALITY'),
        }),
        aggregate_handling: v.literal('STANDARD_HANDLING'),
      }),
    }),
  ]),
});

/**
 * What a view scans, when it is `SELECT * FROM read_parquet(…)` with options that change nothing; undefined otherwise.
 * `sql` is DuckDB's own text of the view (`duckdb_views().sql`). Nothing is bound and no file is opened.
 */
export async function plainScan(connection: Connection, viewName: string, sql: string): Promise<PlainScan | undefined> {
  const body = bodyOfView(viewName, sql);
  // A view with column names of its own is not for us.
  if (body === undefined || body.renames) return undefined;
  const row = await connection.first<{ tree: string }>(
    `SELECT json_serialize_sql(${quoteLiteral(body.select)}, skip_null := true, skip_empty := true) AS tree`,
  );
  const tree = v.safeParse(statement, JSON.parse(row?.tree ?? 'null'));
  if (!tree.success) return undefined;
  const [first, ...options] = tree.output.statements[0].node.from_table.function.children;
  const patterns = (first.class === 'FUNCTION' ? first.children : [first]).map((entry) => entry.value.value);
  if (!patterns.every((pattern) => typeof pattern === 'string') || patterns.length === 0) return undefined;
  return withOptions(patterns, options);
}

function withOptions(
  patterns: readonly string[],
  options: readonly (v.InferOutput<typeof flag> | v.InferOutput<typeof named>)[],
): PlainScan | undefined {
  let unionByName = false;
  let hivePartitioning: boolean | undefined;
  for (const option of options) {
    const name = option.class === 'COMPARISON' ? option.left.column_names[0] : option.alias;
    const value = flagValue(option.class === 'COMPARISON' ? option.right : option);
    if (value === undefined) return undefined;
    if (name === 'union_by_name') unionByName = value;
    else if (name === 'hive_partitioning') hivePartitioning = value;
    else if (!(name === 'filename' || name === 'file_row_number' || name === 'binary_as_string') || value)
      return undefined;
  }
  return { patterns, unionByName, hivePartitioning };
}

function flagValue(expression: v.InferOutput<typeof flag>): boolean | undefined {
  const value = expression.class === 'CAST' ? expression.child.value.value : expression.value.value;
  if (value === true || value === 1 || value === 't' || value === 'true') return true;
  if (value === false || value === 0 || value === 'f' || value === 'false') return false;
  return undefined;
}
