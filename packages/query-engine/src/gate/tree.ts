import type { Connection } from '@agnes/duckdb';
import * as v from 'valibot';

/** What the engine says about a statement that it cannot parse or bind. */
export interface EngineError {
  /** `parser`, `binder`, `catalog` … */
  readonly kind: string;
  readonly subtype?: string | undefined;
  readonly message: string;
  /** In bytes from the start of the statement. */
  readonly position?: number | undefined;
  /** What is unknown: its kind and its name. */
  readonly type?: string | undefined;
  readonly name?: string | undefined;
}

const failed = v.object({
  error: v.literal(true),
  error_type: v.string(),
  error_message: v.string(),
  error_subtype: v.optional(v.string()),
  position: v.optional(v.string()),
  type: v.optional(v.string()),
  name: v.optional(v.string()),
});
const parsed = v.variant('error', [v.object({ error: v.literal(false), statements: v.array(v.unknown()) }), failed]);
const planned = v.variant('error', [v.object({ error: v.literal(false), plans: v.array(v.unknown()) }), failed]);

export type TreeNode = Record<string, unknown>;

/** The statements of a text as parse trees. Nothing is bound, opened or run: no statement that is not a SELECT gets this far. */
export async function parseTree(
  connection: Connection,
  sql: string,
): Promise<{ statements: readonly unknown[] } | { error: EngineError }> {
  const row = await connection.first<{ tree: string }>(
    'SELECT json_serialize_sql($1::VARCHAR, skip_null := true, skip_empty := true) AS tree',
    [sql],
  );
  const result = v.parse(parsed, parseJson(row?.tree));
  return result.error ? { error: engineError(result) } : { statements: result.statements };
}

/** The bound plan of a SELECT, before the optimiser drops anything. */
export async function bindPlan(
  connection: Connection,
  sql: string,
): Promise<{ plans: readonly unknown[] } | { error: EngineError }> {
  const row = await connection.first<{ plan: string }>(
    'SELECT json_serialize_plan($1::VARCHAR, skip_null := true, skip_empty := true, optimize := false) AS plan',
    [sql],
  );
  const result = v.parse(planned, parseJson(row?.plan));
  return result.error ? { error: engineError(result) } : { plans: result.plans };
}

/** The text of a SELECT that is given as a tree in JSON. */
export async function treeToSql(connection: Connection, statement: string): Promise<string> {
  const row = await connection.first<{ sql: string }>('SELECT json_deserialize_sql($1::JSON) AS sql', [
    `{"error":false,"statements":[${statement}]}`,
  ]);
  return row?.sql ?? '';
}

function engineError(result: v.InferOutput<typeof failed>): EngineError {
  const position = Number(result.position);
  return {
    kind: result.error_type,
    subtype: result.error_subtype,
    message: result.error_message,
    position: result.position === undefined || !Number.isSafeInteger(position) ? undefined : position,
    type: result.type,
    name: result.name,
  };
}

/** JSON as the engine writes it: numbers that JSON does not have (1e400 is one) stand in it by their names. They become null. */
function parseJson(text = 'null'): unknown {
  return JSON.parse(text.replaceAll(NO_JSON, (found) => (found.startsWith('"') ? found : 'null')));
}

/** Texts, and what is no JSON outside them. */
export const NO_JSON = /"(?:[^"\\]|\\.)*"|-?Infinity|-?NaN/g;

export function isRecord(value: unknown): value is TreeNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
