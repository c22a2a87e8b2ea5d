import { asciiLower } from './ascii.ts';
import { functionRefusal } from './function-refusal.ts';
import { allowedFunctionNames, isAllowedFunction, TABLE_FUNCTIONS } from './functions.ts';
import type { Refusal } from './gate.ts';
import { refuse } from './gate.ts';
import { JSON_TO_TYPES, refusedStructure } from './json-types.ts';
import {
  CASE,
  type Content,
  CTE,
  EXPRESSION_TYPES,
  EXPRESSIONS,
  FROMS,
  type ListContent,
  MODIFIERS,
  ORDER,
  PIVOT_COLUMN,
  PIVOT_ENTRY,
  QUERIES,
  REPLACEMENT,
  type Shape,
  STATEMENT,
} from './shapes.ts';
import { isRecord, listOf, type TreeNode } from './tree.ts';
import { refusedType } from './types.ts';

/** A name in a tree that is no CTE, with its place in bytes. */
export interface NamedTable {
  readonly name: string;
  readonly location: number | undefined;
}

/** What of a tree is not allowed; `location` in bytes. */
export interface Objection {
  readonly refusal: Refusal;
  readonly location: number | undefined;
}

/** The CTE that was named last before a place, and what could be seen from it. */
interface Scope {
  readonly name: string;
  readonly recursive: boolean;
  readonly outer: Scope | undefined;
}

class Refused extends Error {
  readonly objection: Objection;
  constructor(objection: Objection) {
    super(objection.refusal.message);
    this.objection = objection;
  }
}

/** The tables that a statement's tree names, or the first thing in it that is not allowed or not understood. */
export function walkStatement(statement: unknown, depth: number): { tables: readonly NamedTable[] } | Objection {
  const walk = new Walk(depth);
  try {
    walk.shape(statement, STATEMENT, NOTHING, 'a statement');
    return { tables: walk.tables };
  } catch (error) {
    if (error instanceof Refused) return error.objection;
    throw error;
  }
}

/** Nodes of one shape that come in lists. */
const LISTED = { orders: ORDER, cases: CASE, replacements: REPLACEMENT, pivots: PIVOT_COLUMN } as const;

const NOTHING: Scope = { name: '', recursive: false, outer: undefined };

/** The CTE that a name means. */
function cteOf(name: string, scope: Scope): Scope | undefined {
  const wanted = asciiLower(name);
  for (let at: Scope | undefined = scope; at !== undefined && at !== NOTHING; at = at.outer) {
    if (at.name === wanted) return at;
  }
  return undefined;
}

class Walk {
  readonly tables: NamedTable[] = [];
  readonly #most: number;
  #depth = 0;
  #location: number | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  /** Walks the fields of one node, each by what may stand in it. */
  shape(node: unknown, shape: Shape, scope: Scope, what: string): void {
    if (!isRecord(node)) throw this.#unknown(what);
    this.#depth += 1;
    if (this.#depth > this.#most) {
      throw this.#refuse(
        refuse(
          'sql_too_large',
          `The statement is nested more than ${this.#most} levels deep.`,
          'Write it with fewer levels: CTEs (WITH …) in sequence, a list instead of a chain of operators.',
        ),
      );
    }
    const inside = 'cte_map' in node ? this.#ctes(node.cte_map, scope) : scope;
    for (const [field, content] of Object.entries(node)) {
      if (field === 'cte_map' && shape.cte_map === 'ctes') continue;
      const kind = shape[field];
      if (kind === undefined) throw this.#unknown(`${readable(field)} of ${what}`);
      else this.#content(content, kind, this.#scopeOf(node, field, inside), `${readable(field)} of ${what}`);
    }
    this.#depth -= 1;
  }

  /** The second arm of a recursive CTE sees the CTE itself. */
  #scopeOf(node: TreeNode, field: string, scope: Scope): Scope {
    if (node.type !== 'RECURSIVE_CTE_NODE' || field !== 'right') return scope;
    return { name: asciiLower(textOf(node.cte_name)), recursive: true, outer: scope };
  }

  /** A CTE sees those before it; what a name means in its own body is what it meant outside. */
  #ctes(map: unknown, scope: Scope): Scope {
    if (!isRecord(map) || Object.keys(map).some((field) => field !== 'map')) throw this.#unknown('a WITH clause');
    let inside = scope;
    for (const entry of listOf(map.map)) {
      if (!isRecord(entry) || typeof entry.key !== 'string') throw this.#unknown('a WITH clause');
      this.shape(entry.value, CTE, inside, `the CTE ${entry.key}`);
      const query = isRecord(entry.value) && isRecord(entry.value.query) ? entry.value.query.node : undefined;
      const recursive = isRecord(query) && query.type === 'RECURSIVE_CTE_NODE';
      inside = { name: asciiLower(entry.key), recursive, outer: inside };
    }
    return inside;
  }

  #content(content: unknown, kind: Content, scope: Scope, what: string): void {
    switch (kind) {
      case 'value':
        break;
      case 'plain':
        if (!isPlain(content)) throw this.#unknown(what);
        break;
      case 'expression':
        this.#expression(content, scope);
        break;
      case 'query':
        this.#query(content, scope);
        break;
      case 'from':
        this.#from(content, scope);
        break;
      case 'statement':
        this.shape(content, STATEMENT, scope, 'a subquery');
        break;
      case 'modifier':
        this.#modifier(content, scope);
        break;
      case 'type':
        this.#type(content);
        break;
      case 'call':
        this.#tableFunction(content, scope);
        break;
      default:
        this.#list(content, kind, scope, what);
    }
  }

  #list(list: unknown, kind: ListContent, scope: Scope, what: string): void {
    if (!Array.isArray(list)) throw this.#unknown(what);
    for (const one of list) {
      if (kind === 'expressions') this.#expression(one, scope);
      else if (kind === 'rows') this.#row(one, scope, what);
      else if (kind === 'modifiers') this.#modifier(one, scope);
      else if (kind === 'queries') this.#query(one, scope);
      else if (kind === 'ctes') throw this.#unknown(what);
      else this.shape(one, LISTED[kind], scope, kind);
    }
  }

  /** A list of VALUES, or what a PIVOT's IN lists. */
  #row(row: unknown, scope: Scope, what: string): void {
    if (Array.isArray(row)) this.#list(row, 'expressions', scope, what);
    else this.shape(row, PIVOT_ENTRY, scope, 'PIVOT');
  }

  #query(node: unknown, scope: Scope): void {
    const shape = isRecord(node) ? shapeOf(QUERIES, node.type) : undefined;
    if (shape === undefined) throw this.#unknown(nameOf(node, 'type'));
    this.shape(node, shape, scope, nameOf(node, 'type'));
  }

  #modifier(node: unknown, scope: Scope): void {
    const shape = isRecord(node) ? shapeOf(MODIFIERS, node.type) : undefined;
    if (shape === undefined) throw this.#unknown(nameOf(node, 'type'));
    this.shape(node, shape, scope, nameOf(node, 'type'));
  }

  #from(node: unknown, scope: Scope): void {
    if (!isRecord(node)) throw this.#unknown('FROM');
    this.#locate(node);
    if (node.type === 'BASE_TABLE') this.#table(node, scope);
    if (node.type === 'SHOW_REF' && !('query' in node)) this.#show(node);
    if (node.type === 'PIVOT' && listOf(node.pivots).some((one) => isRecord(one) && 'pivot_enum' in one)) {
      throw this.#notAllowed('PIVOT … IN with the name of an enum type', 'List the values: IN (…).');
    }
    if (node.with_ordinality === 'WITH_ORDINALITY') {
      // DuckDB 1.5 cannot show the plan of one, so that nobody could say what it reads.
      throw this.#notAllowed(
        'WITH ORDINALITY',
        'Number the elements in the SELECT list: unnest(l) AS value, generate_subscripts(l, 1) AS place.',
      );
    }
    const shape = shapeOf(FROMS, node.type);
    if (shape === undefined) throw this.#unknown(nameOf(node, 'type'));
    this.shape(node, shape, scope, nameOf(node, 'type'));
  }

  #table(node: TreeNode, scope: Scope): void {
    const name = textOf(node.table_name);
    const schema = asciiLower(textOf(node.schema_name));
    const catalog = textOf(node.catalog_name);
    if ('at_clause' in node) throw this.#notAllowed('AT', 'Tables have their current version only; leave AT (…) out.');
    if (catalog === '' && schema === '' && cteOf(name, scope) !== undefined) return;
    if (catalog === '' && schema === 'recurring' && cteOf(name, scope)?.recursive === true) return;
    if (catalog !== '' || (schema !== '' && schema !== 'main')) {
      const whole = [catalog, textOf(node.schema_name), name].filter((part) => part !== '').join('.');
      throw this.#refuse(
        refuse(
          'sql_unknown_table',
          `There is no table ${whole}: tables have no database and no schema here.`,
          'Write the name alone, in double quotes when it holds a dot. `agnes catalog` lists the tables.',
          { unknown: whole },
        ),
      );
    }
    this.tables.push({ name, location: this.#location });
  }

  #show(node: TreeNode): void {
    const name = textOf(node.table_name).replaceAll('"', '');
    const form = name === '__show_tables_expanded' ? 'SHOW ALL TABLES' : `SHOW ${name.toUpperCase()}`;
    throw this.#notAllowed(form, 'Run `agnes catalog` to list the tables that you may read, or DESCRIBE one of them.');
  }

  #tableFunction(node: unknown, scope: Scope): void {
    if (!isRecord(node) || node.class !== 'FUNCTION') throw this.#unknown('a table function');
    this.#locate(node);
    this.#function(node, true);
    this.shape(node, shapeOf(EXPRESSIONS, 'FUNCTION') ?? {}, scope, 'a table function');
  }

  #expression(node: unknown, scope: Scope): void {
    if (!isRecord(node)) throw this.#unknown('an expression');
    this.#locate(node);
    const name = textOf(node.class);
    if (name === 'PARAMETER') {
      throw this.#notAllowed('a parameter (? or $1)', 'Write the value itself; parameters cannot be given to a query.');
    }
    const shape = shapeOf(EXPRESSIONS, name);
    const types = Object.hasOwn(EXPRESSION_TYPES, name) ? EXPRESSION_TYPES[name] : undefined;
    if (shape === undefined || (types !== undefined && !types.has(textOf(node.type)))) {
      throw this.#unknown(nameOf(node, 'type'));
    }
    if (name === 'FUNCTION' || name === 'WINDOW') this.#function(node, false);
    if (node.export_state === true) throw this.#notAllowed('EXPORT_STATE', 'Leave it out.');
    this.shape(node, shape, scope, nameOf(node, 'type'));
  }

  /** `text.upper()` comes as a function of a schema `text`: what counts is the name, in whatever schema. */
  #function(node: TreeNode, inFrom: boolean): void {
    const name = textOf(node.function_name);
    const lower = asciiLower(name);
    if (!inFrom && JSON_TO_TYPES.has(lower)) this.#structure(node);
    if (inFrom ? TABLE_FUNCTIONS.has(lower) : isAllowedFunction(lower) || lower === 'count_star') return;
    throw this.#refuse(functionRefusal(name, inFrom ? TABLE_FUNCTIONS : allowedFunctionNames()));
  }

  #structure(call: TreeNode): void {
    const refused = refusedStructure(call);
    if (refused === undefined) return;
    throw this.#notAllowed(
      refused,
      `Write the structure as text, of DuckDB's own types: '{"a": "INTEGER", "b": ["VARCHAR"]}'.`,
    );
  }

  #type(type: unknown): void {
    const refused = refusedType(type);
    if (refused === undefined) return;
    throw this.#notAllowed(`the type ${refused}`, "Use one of DuckDB's own types.");
  }

  /** The engine gives a place to some nodes only: what has none is told by the last one that had. */
  #locate(node: TreeNode): void {
    const location = node.query_location;
    if (typeof location === 'number' && Number.isSafeInteger(location)) this.#location = location;
  }

  #unknown(what: string): Refused {
    return this.#notAllowed(what, 'This is not known to the query gateway. Write it another way.');
  }

  #notAllowed(what: string, hint: string): Refused {
    return this.#refuse(
      refuse('sql_not_allowed', `${sentenceCase(what)} is not allowed in a query.`, hint, { unknown: what }),
    );
  }

  #refuse(refusal: Refusal): Refused {
    return new Refused({ refusal, location: this.#location });
  }
}

function shapeOf(shapes: Readonly<Record<string, Shape>>, name: unknown): Shape | undefined {
  return typeof name === 'string' && Object.hasOwn(shapes, name) ? shapes[name] : undefined;
}

function isPlain(value: unknown): boolean {
  return Array.isArray(value) ? value.every(isPlain) : typeof value !== 'object' || value === null;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function nameOf(node: unknown, field: string): string {
  const name = isRecord(node) ? (node[field] ?? node.class) : undefined;
  return typeof name === 'string' ? readable(name) : 'a part of the statement';
}

const readable = (name: string): string => name.replaceAll('_', ' ').toLowerCase();
const sentenceCase = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
