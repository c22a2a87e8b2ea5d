import type * as duckdb from '@duckdb/node-api';
import type { Connection } from './connection.ts';
import { loadNodeApi, type NodeApi } from './node-api.ts';
import { quoteIdentifier, quoteLiteral } from './quote.ts';

/**
 * Writes the rows of a SELECT (without a trailing semicolon) to one file of newline-delimited JSON: an object a row, values as
 * `toJson` has them. A repeated column name gets `_1`, `_2` … appended. The file itself is written, none beside it. Returns
 * the number of rows.
 */
export async function copyToNdjson(connection: Connection, selectSql: string, path: string): Promise<number> {
  const api = await loadNodeApi();
  const statement = await connection.raw.prepare(`SELECT * FROM (${selectSql}\n)`);
  const names: string[] = [];
  const types: duckdb.DuckDBType[] = [];
  try {
    for (let index = 0; index < statement.columnCount; index += 1) {
      names.push(statement.columnName(index));
      types.push(statement.columnType(index));
    }
  } finally {
    statement.destroySync();
  }
  // The statement is bound by position: `SELECT *` of a subquery has renamed what was there twice.
  const inner = types.map((_, index) => `c${index}`);
  const list = types.map((type, index) => {
    return `${expressionOf(api, type, `c${index}`, 0)} AS ${quoteIdentifier(names[index] ?? '')}`;
  });
  return connection.run(
    `COPY (SELECT ${list.join(', ')} FROM (${selectSql}\n) AS q(${inner.join(', ')})) TO ${quoteLiteral(path)} (FORMAT json, USE_TMP_FILE false)`,
  );
}

const LARGEST = Number.MAX_SAFE_INTEGER;

const asText = (value: string): string => `CAST(${value} AS VARCHAR)`;
const integer = (value: string): string =>
  `CASE WHEN ${value} BETWEEN ${-LARGEST} AND ${LARGEST} THEN to_json(CAST(${value} AS BIGINT)) ELSE to_json(${asText(value)}) END`;
const moment = (value: string): string => `replace(${asText(value)}, ' ', 'T')`;

/** What JSON would round, or DuckDB writes in another way than `toJson` does; the others are as they are. */
const EXPRESSIONS: Readonly<Record<string, (value: string) => string>> = {
  FLOAT: (value) => `CASE WHEN isfinite(${value}) THEN CAST(${value} AS DOUBLE) END`,
  DOUBLE: (value) => `CASE WHEN isfinite(${value}) THEN ${value} END`,
  VARCHAR: asText,
  ENUM: asText,
  BIGINT: integer,
  UBIGINT: integer,
  HUGEINT: integer,
  UHUGEINT: integer,
  BIGNUM: integer,
  DECIMAL: asText,
  UUID: asText,
  BIT: asText,
  INTERVAL: asText,
  BLOB: (value) => `base64(${value})`,
  DATE: asText,
  TIME: asText,
  TIME_NS: asText,
  TIME_TZ: (value) => `regexp_replace(${asText(value)}, '([+-]\\d\\d)$', '\\1:00')`,
  TIMESTAMP: moment,
  TIMESTAMP_S: moment,
  TIMESTAMP_MS: moment,
  TIMESTAMP_NS: moment,
  TIMESTAMP_TZ: (value) => `replace(${moment(value)}, '+00', 'Z')`,
};

function expressionOf(api: NodeApi, type: duckdb.DuckDBType, value: string, depth: number): string {
  const inner = (of: duckdb.DuckDBType, name: string): string => expressionOf(api, of, name, depth + 1);
  const each = (of: duckdb.DuckDBType, list: string): string => {
    const item = `v${depth}`;
    const expression = inner(of, item);
    return expression === item ? list : `list_transform(${list}, lambda ${item}: ${expression})`;
  };
  if (type instanceof api.DuckDBListType) return each(type.valueType, value);
  if (type instanceof api.DuckDBArrayType) return each(type.valueType, `CAST(${value} AS ${type.valueType}[])`);
  if (type instanceof api.DuckDBMapType) {
    const item = `v${depth}`;
    const entry = `{'key': ${inner(type.keyType, `${item}.key`)}, 'value': ${inner(type.valueType, `${item}.value`)}}`;
    return `list_transform(map_entries(${value}), lambda ${item}: ${entry})`;
  }
  if (type instanceof api.DuckDBStructType && type.entryNames.every((name) => name !== '')) {
    const fields = type.entryNames.map((name, index) => {
      const of = type.entryTypes[index] as duckdb.DuckDBType;
      return `${quoteIdentifier(name)} := ${inner(of, `struct_extract(${value}, ${quoteLiteral(name)})`)}`;
    });
    return `CASE WHEN ${value} IS NOT NULL THEN struct_pack(${fields.join(', ')}) END`;
  }
  if (type instanceof api.DuckDBUnionType) {
    const members = type.memberTags.map((tag, index) => {
      const of = type.memberTypes[index] as duckdb.DuckDBType;
      const member = inner(of, `union_extract(${value}, ${quoteLiteral(tag)})`);
      return `WHEN ${quoteLiteral(tag)} THEN to_json(${member})`;
    });
    const tag = `CAST(union_tag(${value}) AS VARCHAR)`;
    return `CASE WHEN ${value} IS NOT NULL THEN {'tag': ${tag}, 'value': CASE ${tag} ${members.join(' ')} END} END`;
  }
  return EXPRESSIONS[api.DuckDBTypeId[type.typeId]]?.(value) ?? value;
}
