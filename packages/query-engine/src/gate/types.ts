import { asciiLower } from './ascii.ts';
import { isRecord } from './tree.ts';

/** Types that a CAST may name beyond the engine's own ids: they read no catalog. */
const NAMED_TYPES = new Set(['json', 'enum', 'geometry', 'union', 'bignum', 'varint', 'variant', 'time_ns']);
const NESTED = new Set(['LIST', 'ARRAY', 'STRUCT', 'MAP', 'UNION']);
const PLAIN = new Set([
  ...[
    'BOOLEAN TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT UHUGEINT FLOAT',
    'DOUBLE DECIMAL VARCHAR CHAR BLOB BIT UUID DATE TIME TIMESTAMP INTERVAL TIMESTAMP_S TIMESTAMP_MS',
    'TIMESTAMP_NS TIME_NS BIGNUM VARIANT GEOMETRY ENUM NULL',
  ].flatMap((names) => names.split(' ')),
  'TIME WITH TIME ZONE',
  'TIMESTAMP WITH TIME ZONE',
  '"NULL"',
]);

/** The part of a type that a statement may not name; undefined when all of it may be. */
export function refusedType(type: unknown): string | undefined {
  if (!isRecord(type) || typeof type.id !== 'string') return 'a type that is not understood';
  const info = isRecord(type.type_info) ? type.type_info : undefined;
  if (type.id === 'UNBOUND') {
    const name = typeof info?.name === 'string' ? info.name : '';
    const plain = NAMED_TYPES.has(asciiLower(name)) && info?.schema === undefined && info?.catalog === undefined;
    if (!plain) return name;
    return undefined;
  }
  if (PLAIN.has(type.id)) return undefined;
  if (!NESTED.has(type.id)) return type.id;
  for (const child of childTypes(info)) {
    const refused = refusedType(child);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function childTypes(info: Record<string, unknown> | undefined): unknown[] {
  if (info === undefined) return [];
  const members = Array.isArray(info.child_types) ? info.child_types : [];
  return [
    ...(info.child_type === undefined ? [] : [info.child_type]),
    ...members.map((member) => (isRecord(member) ? member.second : undefined)),
  ];
}
