/**
 * The parse tree as the gate knows it: every class of node, every field that it may have, and what stands in the field. What is
 * not listed here is refused by name, so that a new release of the engine cannot bring something that nobody has looked at.
 */

/** What a field holds. `value` is not walked: a constant, a name, a number, a flag, or lists of them. */
export type Content =
  | 'value'
  | 'plain'
  | 'expression'
  | 'modifier'
  | 'query'
  | 'statement'
  | 'from'
  | 'type'
  | 'call'
  | ListContent;

/** `ctes` are the WITH clause, which is walked before the other fields. */
export type ListContent =
  | 'expressions'
  | 'rows'
  | 'orders'
  | 'modifiers'
  | 'queries'
  | 'ctes'
  | 'cases'
  | 'replacements'
  | 'pivots';

export type Shape = Readonly<Record<string, Content>>;

const EXPRESSION: Shape = { class: 'plain', type: 'plain', alias: 'plain', query_location: 'plain' };
const CALL: Shape = {
  ...EXPRESSION,
  function_name: 'plain',
  schema: 'plain',
  catalog: 'plain',
  children: 'expressions',
  distinct: 'plain',
};

/** By the `class` of an expression. */
export const EXPRESSIONS: Readonly<Record<string, Shape>> = {
  BETWEEN: { ...EXPRESSION, input: 'expression', lower: 'expression', upper: 'expression' },
  CASE: { ...EXPRESSION, case_checks: 'cases', else_expr: 'expression' },
  CAST: { ...EXPRESSION, child: 'expression', cast_type: 'type', try_cast: 'plain' },
  COLLATE: { ...EXPRESSION, child: 'expression', collation: 'plain' },
  COLUMN_REF: { ...EXPRESSION, column_names: 'plain' },
  COMPARISON: { ...EXPRESSION, left: 'expression', right: 'expression' },
  CONJUNCTION: { ...EXPRESSION, children: 'expressions' },
  CONSTANT: { ...EXPRESSION, value: 'value' },
  FUNCTION: { ...CALL, filter: 'expression', order_bys: 'modifier', is_operator: 'plain', export_state: 'plain' },
  LAMBDA: { ...EXPRESSION, lhs: 'expression', expr: 'expression', syntax_type: 'plain' },
  OPERATOR: { ...EXPRESSION, children: 'expressions' },
  POSITIONAL_REFERENCE: { ...EXPRESSION, index: 'plain' },
  STAR: {
    ...EXPRESSION,
    relation_name: 'plain',
    exclude_list: 'plain',
    qualified_exclude_list: 'value',
    replace_list: 'replacements',
    rename_list: 'value',
    columns: 'plain',
    expr: 'expression',
  },
  SUBQUERY: {
    ...EXPRESSION,
    subquery_type: 'plain',
    subquery: 'statement',
    child: 'expression',
    comparison_type: 'plain',
  },
  WINDOW: {
    ...CALL,
    partitions: 'expressions',
    orders: 'orders',
    start: 'plain',
    end: 'plain',
    start_expr: 'expression',
    end_expr: 'expression',
    offset_expr: 'expression',
    default_expr: 'expression',
    ignore_nulls: 'plain',
    filter_expr: 'expression',
    exclude_clause: 'plain',
    arg_orders: 'orders',
  },
};

/** Expressions whose class says too little: the types of each that are known. */
export const EXPRESSION_TYPES: Readonly<Record<string, ReadonlySet<string>>> = {
  OPERATOR: new Set([
    ...[
      'OPERATOR_NOT',
      'OPERATOR_IS_NULL',
      'OPERATOR_IS_NOT_NULL',
      'OPERATOR_COALESCE',
      'OPERATOR_TRY',
      'OPERATOR_UNPACK',
    ],
    ...['COMPARE_IN', 'COMPARE_NOT_IN', 'ARRAY_EXTRACT', 'ARRAY_SLICE', 'STRUCT_EXTRACT', 'ARRAY_CONSTRUCTOR'],
    ...['GROUPING_FUNCTION', 'OPERATOR_NULLIF'],
  ]),
};

const QUERY: Shape = { type: 'plain', modifiers: 'modifiers', cte_map: 'ctes' };

/** By the `type` of a query. */
export const QUERIES: Readonly<Record<string, Shape>> = {
  SELECT_NODE: {
    ...QUERY,
    select_list: 'expressions',
    from_table: 'from',
    where_clause: 'expression',
    group_expressions: 'expressions',
    group_sets: 'plain',
    aggregate_handling: 'plain',
    having: 'expression',
    sample: 'value',
    qualify: 'expression',
  },
  SET_OPERATION_NODE: {
    ...QUERY,
    setop_type: 'plain',
    setop_all: 'plain',
    left: 'query',
    right: 'query',
    children: 'queries',
  },
  RECURSIVE_CTE_NODE: {
    ...QUERY,
    cte_name: 'plain',
    union_all: 'plain',
    left: 'query',
    right: 'query',
    aliases: 'plain',
    key_targets: 'expressions',
    payload_aggregates: 'expressions',
  },
};

const FROM: Shape = {
  type: 'plain',
  alias: 'plain',
  sample: 'value',
  query_location: 'plain',
  column_name_alias: 'plain',
};

/** By the `type` of what stands in FROM. */
export const FROMS: Readonly<Record<string, Shape>> = {
  BASE_TABLE: { ...FROM, schema_name: 'plain', table_name: 'plain', catalog_name: 'plain' },
  JOIN: {
    ...FROM,
    left: 'from',
    right: 'from',
    condition: 'expression',
    join_type: 'plain',
    ref_type: 'plain',
    using_columns: 'plain',
    delim_flipped: 'plain',
  },
  SUBQUERY: { ...FROM, subquery: 'statement' },
  TABLE_FUNCTION: { ...FROM, function: 'call', with_ordinality: 'plain' },
  EXPRESSION_LIST: { ...FROM, expected_names: 'plain', values: 'rows' },
  EMPTY: FROM,
  PIVOT: {
    ...FROM,
    source: 'from',
    aggregates: 'expressions',
    unpivot_names: 'plain',
    pivots: 'pivots',
    groups: 'plain',
    include_nulls: 'plain',
  },
  SHOW_REF: { ...FROM, query: 'query', show_type: 'plain' },
};

export const MODIFIERS: Readonly<Record<string, Shape>> = {
  ORDER_MODIFIER: { type: 'plain', orders: 'orders' },
  LIMIT_MODIFIER: { type: 'plain', limit: 'expression', offset: 'expression' },
  LIMIT_PERCENT_MODIFIER: { type: 'plain', limit: 'expression', offset: 'expression' },
  DISTINCT_MODIFIER: { type: 'plain', distinct_on_targets: 'expressions' },
};

export const ORDER: Shape = { type: 'plain', null_order: 'plain', expression: 'expression' };
export const CASE: Shape = { when_expr: 'expression', then_expr: 'expression' };
export const REPLACEMENT: Shape = { key: 'plain', value: 'expression' };
export const STATEMENT: Shape = { node: 'query' };
export const PIVOT_COLUMN: Shape = { pivot_expressions: 'expressions', unpivot_names: 'plain', entries: 'rows' };
export const PIVOT_ENTRY: Shape = { values: 'value', star_expr: 'expression', alias: 'plain' };
export const CTE: Shape = {
  aliases: 'plain',
  query: 'statement',
  materialized: 'plain',
  key_targets: 'expressions',
  payload_aggregates: 'expressions',
};
