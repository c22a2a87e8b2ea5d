import type * as duckdb from '@duckdb/node-api';
import { isoDate, isoOffset, isoTime, isoTimestamp } from './iso-time.ts';
import type { NodeApi } from './node-api.ts';

/**
 * A value as rows hold it. Nothing is rounded: what a JavaScript number cannot hold comes as bigint (integers) or text
 * (decimals, times). The README has the table.
 */
export type Value = null | boolean | number | bigint | string | Uint8Array | Value[] | { [name: string]: Value };

/** One row, by column name. A repeated column name gets `:1`, `:2` … appended. */
export type Row = Record<string, Value>;

type Convert = (value: never, type: never, nested: duckdb.DuckDBValueConverter<Value>) => Value;

const same = (value: boolean | number | string): Value => value;
const integer = (value: bigint): Value =>
  value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
const text = (value: { toString(): string }): Value => value.toString();

const converters: Readonly<Record<string, Convert>> = {
  BOOLEAN: same,
  TINYINT: same,
  SMALLINT: same,
  INTEGER: same,
  UTINYINT: same,
  USMALLINT: same,
  UINTEGER: same,
  FLOAT: same,
  DOUBLE: same,
  VARCHAR: same,
  ENUM: same,
  BIGINT: integer,
  UBIGINT: integer,
  HUGEINT: integer,
  UHUGEINT: integer,
  BIGNUM: integer,
  DECIMAL: text,
  UUID: text,
  BIT: text,
  INTERVAL: text,
  BLOB: (value: duckdb.DuckDBBlobValue) => new Uint8Array(value.bytes),
  GEOMETRY: (value: duckdb.DuckDBGeometryValue) => new Uint8Array(value.bytes),
  DATE: (value: duckdb.DuckDBDateValue) => isoDate(value.days),
  TIME: (value: duckdb.DuckDBTimeValue) => isoTime(value.micros, 1_000_000n),
  TIME_NS: (value: duckdb.DuckDBTimeNSValue) => isoTime(value.nanos, 1_000_000_000n),
  TIME_TZ: (value: duckdb.DuckDBTimeTZValue) => isoTime(value.micros, 1_000_000n) + isoOffset(value.offset),
  TIMESTAMP: (value: duckdb.DuckDBTimestampValue) => isoTimestamp(value.micros, 1_000_000n),
  TIMESTAMP_S: (value: duckdb.DuckDBTimestampSecondsValue) => isoTimestamp(value.seconds, 1n),
  TIMESTAMP_MS: (value: duckdb.DuckDBTimestampMillisecondsValue) => isoTimestamp(value.millis, 1000n),
  TIMESTAMP_NS: (value: duckdb.DuckDBTimestampNanosecondsValue) => isoTimestamp(value.nanos, 1_000_000_000n),
  TIMESTAMP_TZ: (value: duckdb.DuckDBTimestampTZValue) => {
    const iso = isoTimestamp(value.micros, 1_000_000n);
    return iso.endsWith('infinity') ? iso : `${iso}Z`;
  },
  LIST: (value: duckdb.DuckDBListValue, type: duckdb.DuckDBListType, nested) =>
    value.items.map((item) => nested(item, type.valueType, nested)),
  ARRAY: (value: duckdb.DuckDBArrayValue, type: duckdb.DuckDBArrayType, nested) =>
    value.items.map((item) => nested(item, type.valueType, nested)),
  STRUCT: (value: duckdb.DuckDBStructValue, type: duckdb.DuckDBStructType, nested) =>
    Object.fromEntries(
      Object.entries(value.entries).map(([name, entry]) => [
        name,
        nested(entry, type.typeForEntry(name) as duckdb.DuckDBType, nested),
      ]),
    ),
  MAP: (value: duckdb.DuckDBMapValue, type: duckdb.DuckDBMapType, nested) =>
    value.entries.map((entry) => ({
      key: nested(entry.key, type.keyType, nested),
      value: nested(entry.value, type.valueType, nested),
    })),
  UNION: (value: duckdb.DuckDBUnionValue, type: duckdb.DuckDBUnionType, nested) => ({
    tag: value.tag,
    value: nested(value.value, type.memberTypeForTag(value.tag) as duckdb.DuckDBType, nested),
  }),
  VARIANT: (value: duckdb.DuckDBVariantValue, _type: duckdb.DuckDBVariantType, nested) =>
    // Absent only on values made in JavaScript; those that come from a result have it.
    value.type === undefined ? null : nested(value.value, value.type, nested),
  SQLNULL: () => null,
};

/** The converter from what node-api returns to {@link Value}. */
export function valueConverter(api: NodeApi): duckdb.DuckDBValueConverter<Value> {
  const byTypeId = new Map<number, Convert>();
  for (const [name, convert] of Object.entries(converters)) {
    byTypeId.set(api.DuckDBTypeId[name as keyof typeof api.DuckDBTypeId], convert);
  }
  const convertValue: duckdb.DuckDBValueConverter<Value> = (value, type, nested) => {
    if (value === null) return null;
    const convert = byTypeId.get(type.typeId);
    if (convert === undefined) throw new Error(`DuckDB type ${type.toString()} has no JavaScript value.`);
    return convert(value as never, type as never, nested);
  };
  return convertValue;
}
