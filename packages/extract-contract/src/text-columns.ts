import { quoteIdentifier, quoteLiteral } from '@agnes/duckdb';
import { AgnesError } from '@agnes/errors';

/** What a text has to look like so that the cast to a type keeps all of it: DuckDB rounds and cuts without a word. */
const SHAPES: Readonly<Record<string, string>> = {
  SMALLINT: '[+-]?[0-9]+',
  INTEGER: '[+-]?[0-9]+',
  BIGINT: '[+-]?[0-9]+',
  UBIGINT: '[+]?[0-9]+',
  DOUBLE: '.+',
  BOOLEAN: 'true|false',
  DATE: '[0-9]{4}-[0-9]{2}-[0-9]{2}',
  TIMESTAMP: '[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?)?',
  TIMESTAMPTZ:
    '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)',
};

const DECIMAL = /^DECIMAL\(([1-9]|[12]\d|3[0-8]),([0-9]|[12]\d|3[0-8])\)$/;

/** The types that a column of text files may be declared as. */
export const TEXT_TYPES = `VARCHAR, ${Object.keys(SHAPES).join(', ')}, DECIMAL(p,s)`;

/** Whether a column of a text file can have this type. */
export function isTextType(type: string): boolean {
  return type === 'VARCHAR' || Object.hasOwn(SHAPES, type) || DECIMAL.test(type);
}

/**
 * The expression that casts a text column to `type`, or fails with the column and the value when the cast would change it.
 * Throws `invalid_config` for a type that is not one of {@link TEXT_TYPES}.
 */
export function castText(column: string, type: string): string {
  const name = quoteIdentifier(column);
  if (type === 'VARCHAR') return name;
  const shape = shapeOf(column, type);
  const complaint = quoteLiteral(`Column ${column} is ${type} and has the value `);
  // try_cast, so that what is out of range ends in the same words.
  return `CASE WHEN ${name} IS NULL THEN NULL
    WHEN regexp_full_match(${name}, ${quoteLiteral(shape)}) AND try_cast(${name} AS ${type}) IS NOT NULL
    THEN try_cast(${name} AS ${type}) ELSE error(${complaint} || left(${name}, 100)) END::${type} AS ${name}`;
}

function shapeOf(column: string, type: string): string {
  const decimal = DECIMAL.exec(type);
  if (decimal !== null) return `[+-]?[0-9]+([.][0-9]{0,${decimal[2]}}0*)?`;
  const shape = Object.hasOwn(SHAPES, type) ? SHAPES[type] : undefined;
  if (shape !== undefined) return shape;
  throw new AgnesError('invalid_config', `Column ${column} cannot have the type ${JSON.stringify(type)}.`, {
    hint: `Use one of ${TEXT_TYPES}.`,
  });
}
