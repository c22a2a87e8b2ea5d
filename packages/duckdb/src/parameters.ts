import type * as duckdb from '@duckdb/node-api';
import type { NodeApi } from './node-api.ts';

/**
 * A value that a statement may be given: an integer number binds as INTEGER or BIGINT, any other number as DOUBLE, a
 * bigint as BIGINT or HUGEINT, a Date as TIMESTAMPTZ, bytes as BLOB.
 */
export type SqlValue = string | number | bigint | boolean | Date | null | Uint8Array;

interface Bound {
  readonly values: duckdb.DuckDBValue[];
  readonly types: duckdb.DuckDBType[];
}

export function bindParameters(api: NodeApi, parameters: readonly SqlValue[]): Bound {
  const values: duckdb.DuckDBValue[] = [];
  const types: duckdb.DuckDBType[] = [];
  for (const parameter of parameters) {
    const [value, type] = bind(api, parameter);
    values.push(value);
    types.push(type);
  }
  return { values, types };
}

function bind(api: NodeApi, value: SqlValue): [duckdb.DuckDBValue, duckdb.DuckDBType] {
  if (value === null) return [null, api.SQLNULL];
  if (typeof value === 'string') return [value, api.VARCHAR];
  if (typeof value === 'boolean') return [value, api.BOOLEAN];
  if (typeof value === 'bigint') return [value, BigInt.asIntN(64, value) === value ? api.BIGINT : api.HUGEINT];
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) return [value, api.DOUBLE];
    return Math.abs(value) < 2 ** 31 ? [value, api.INTEGER] : [BigInt(value), api.BIGINT];
  }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new Error('An invalid Date cannot be bound to an SQL parameter.');
    return [new api.DuckDBTimestampTZValue(BigInt(value.getTime()) * 1000n), api.TIMESTAMPTZ];
  }
  if (value instanceof Uint8Array) return [new api.DuckDBBlobValue(value), api.BLOB];
  throw new Error(`A value of type ${typeof value} cannot be bound to an SQL parameter.`);
}
