import { asciiLower } from './ascii.ts';
import { isRecord, listOf, type TreeNode } from './tree.ts';

/** Functions whose second argument describes types in JSON, by names that the engine looks up in its catalog. */
export const JSON_TO_TYPES: ReadonlySet<string> = new Set([
  'from_json',
  'from_json_strict',
  'json_transform',
  'json_transform_strict',
]);

/** The names of the engine's own types, aliases included: `duckdb_types()` has them. */
const NAMES: ReadonlySet<string> = new Set([
  ...(
    'bigint int8 int64 long oid bit bitstring blob bytea binary varbinary boolean bool logical date decimal dec numeric double ' +
    'float8 float float4 real hugeint int128 integer int int4 int32 signed interval json smallint int2 int16 short time timetz ' +
    'timestamp datetime timestamp_us timestamp_s timestamp_ms timestamp_ns timestamptz time_ns tinyint int1 ubigint uint64 ' +
    'uhugeint uint128 uinteger uint32 usmallint uint16 utinyint uint8 uuid guid varchar char bpchar text string nvarchar ' +
    'null bignum varint variant'
  ).split(' '),
  'timestamp with time zone',
  'time with time zone',
]);

/**
 * The part of a call's structure (`{"a": "INTEGER", "b": ["VARCHAR"]}`) that a statement may not name; undefined when all of
 * it may be. What is not written out as text could be anything.
 */
export function refusedStructure(call: TreeNode): string | undefined {
  const text = constantText(listOf(call.children)[1]);
  if (text === undefined) return 'a structure that is not written as text';
  if (!isJson(text)) return 'a structure that is no JSON';
  // Every string that is no key, one by one: what a parser makes of a key that is there twice is not what the engine makes of it.
  for (const [, string = '', colon] of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?/g)) {
    if (colon === undefined && !isOwnType(String(JSON.parse(string)))) return `the type ${string}`;
  }
  return undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function constantText(node: unknown): string | undefined {
  if (!isRecord(node)) return undefined;
  if (node.class === 'CAST') return constantText(node.child);
  if (node.class !== 'CONSTANT' || !isRecord(node.value)) return undefined;
  return typeof node.value.value === 'string' ? node.value.value : undefined;
}

/** A name, with numbers in parentheses (`DECIMAL(10, 2)`) and as a list (`INTEGER[]`, `INTEGER[3]`) if need be. */
function isOwnType(text: string): boolean {
  const [, name = ''] =
    /^\s*([a-z][a-z0-9_ ]*?)\s*(?:\(\s*\d+\s*(?:,\s*\d+\s*)?\))?\s*(?:\[\d*\]\s*)*$/i.exec(text) ?? [];
  return NAMES.has(asciiLower(name.replaceAll(/ +/g, ' ')));
}
