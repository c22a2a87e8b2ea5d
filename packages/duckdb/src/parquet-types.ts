import type * as duckdb from '@duckdb/node-api';
import type { NodeApi } from './node-api.ts';
import { quoteIdentifier } from './quote.ts';

/** How parquet holds a column: as it is, cast to another type that keeps every value, or not at all. */
export type ParquetFit = { readonly cast: string | undefined } | { readonly refused: string };

/** The exact counterparts of what parquet would round, rename or not bring back (tested type by type). */
const CASTS: Readonly<Record<string, string>> = {
  HUGEINT: 'DECIMAL(38,0)',
  UHUGEINT: 'DECIMAL(38,0)',
  BIGNUM: 'VARCHAR',
  ENUM: 'VARCHAR',
  BIT: 'VARCHAR',
  // Parquet's interval ends at milliseconds, its time with time zone forgets the zone.
  INTERVAL: 'VARCHAR',
  TIME_TZ: 'VARCHAR',
  TIMESTAMP_S: 'TIMESTAMP',
  TIMESTAMP_MS: 'TIMESTAMP',
};

const REFUSED: Readonly<Record<string, string>> = {
  UNION: 'parquet would bring a UNION back as a STRUCT without names',
  GEOMETRY: 'parquet would bring a GEOMETRY back as bytes',
  ANY: 'its type is not known',
  INVALID: 'its type is not known',
};

/** What becomes of a column of this type in a parquet file. */
export function parquetFit(api: NodeApi, type: duckdb.DuckDBType): ParquetFit {
  const result = target(api, type);
  if ('refused' in result) return result;
  return { cast: result.changed ? result.sql : undefined };
}

type Target = { readonly sql: string; readonly changed: boolean } | { readonly refused: string };

function target(api: NodeApi, type: duckdb.DuckDBType): Target {
  const name = api.DuckDBTypeId[type.typeId];
  const refused = REFUSED[name];
  if (refused !== undefined) return { refused };
  const cast = CASTS[name];
  if (cast !== undefined) return { sql: cast, changed: true };
  if (type instanceof api.DuckDBListType) return nest([type.valueType], ([item]) => `${item}[]`, false);
  if (type instanceof api.DuckDBArrayType) return nest([type.valueType], ([item]) => `${item}[]`, true);
  if (type instanceof api.DuckDBMapType) {
    return nest([type.keyType, type.valueType], ([key, value]) => `MAP(${key}, ${value})`, false);
  }
  if (type instanceof api.DuckDBStructType) {
    if (type.entryNames.some((entry) => entry === '')) return { refused: 'its STRUCT has fields without names' };
    const fields = (types: readonly string[]) =>
      types.map((sql, index) => `${quoteIdentifier(type.entryNames[index] ?? '')} ${sql}`).join(', ');
    return nest(type.entryTypes, (types) => `STRUCT(${fields(types)})`, false);
  }
  return { sql: type.alias ?? type.toString(), changed: false };

  function nest(
    inner: readonly duckdb.DuckDBType[],
    sql: (types: readonly string[]) => string,
    change: boolean,
  ): Target {
    const targets: { sql: string; changed: boolean }[] = [];
    for (const innerType of inner) {
      const innerTarget = target(api, innerType);
      if ('refused' in innerTarget) return innerTarget;
      targets.push(innerTarget);
    }
    return {
      sql: sql(targets.map((innerTarget) => innerTarget.sql)),
      changed: change || targets.some((innerTarget) => innerTarget.changed),
    };
  }
}
