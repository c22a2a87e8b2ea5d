import { AgnesError } from '@agnes/errors';
import { sql } from 'drizzle-orm';
import { getTableConfig, type PgTable } from 'drizzle-orm/pg-core';
import type { StateDatabase } from './database.ts';

/**
 * Compares what the database really has with the schema that the code was written for: tables, columns, types, nullability,
 * primary keys and unique constraints. Throws `state_migration_failed`, naming each difference.
 */
export async function checkCatalog(db: StateDatabase, tables: readonly PgTable[]): Promise<void> {
  const expected = new Set(tables.flatMap(describeTable));
  const actual = new Set([...(await describeColumns(db)), ...(await describeKeys(db))]);
  const differences = [
    ...[...expected].filter((fact) => !actual.has(fact)).map((fact) => `missing: ${fact}`),
    ...[...actual].filter((fact) => !expected.has(fact)).map((fact) => `unexpected: ${fact}`),
  ].sort();
  if (differences.length > 0) {
    throw new AgnesError(
      'state_migration_failed',
      `The state database does not have the schema of this release (${differences.join('; ')}).`,
      {
        hint: 'Something other than Agnes changed it. Go back with agnes-server state restore, or report this message.',
        details: { differences },
      },
    );
  }
}

function describeTable(table: PgTable): string[] {
  const { name, columns, primaryKeys, uniqueConstraints } = getTableConfig(table);
  const inKey = new Set(primaryKeys.flatMap((key) => key.columns.map((column) => column.name)));
  return [
    ...columns.map((column) =>
      describeColumn(name, column.name, column.getSQLType(), column.notNull || inKey.has(column.name)),
    ),
    ...columns.filter((column) => column.primary).map((column) => describeKey(name, 'PRIMARY KEY', [column.name])),
    ...columns.filter((column) => column.isUnique).map((column) => describeKey(name, 'UNIQUE', [column.name])),
    ...primaryKeys.map((key) =>
      describeKey(
        name,
        'PRIMARY KEY',
        key.columns.map((column) => column.name),
      ),
    ),
    ...uniqueConstraints.map((key) =>
      describeKey(
        name,
        'UNIQUE',
        key.columns.map((column) => column.name),
      ),
    ),
  ];
}

/** The words of information_schema on either engine, as drizzle says them. */
const TYPES: Readonly<Record<string, string>> = { VARCHAR: 'text', DOUBLE: 'double precision' };

function describeColumn(table: string, column: string, type: string, notNull: boolean): string {
  return `column ${table}.${column} ${TYPES[type] ?? type.toLowerCase()}${notNull ? ' not null' : ''}`;
}

function describeKey(table: string, kind: string, columns: readonly string[]): string {
  return `${kind.toLowerCase()} ${table} (${columns.join(', ')})`;
}

async function describeColumns(db: StateDatabase): Promise<string[]> {
  const { rows } = await db.execute<Record<'table_name' | 'column_name' | 'data_type' | 'is_nullable', string>>(sql`
    SELECT table_name, column_name, data_type, is_nullable
    FROM information_schema.columns
    WHERE table_catalog = current_database() AND table_schema = current_schema()`);
  return rows.map((row) => describeColumn(row.table_name, row.column_name, row.data_type, row.is_nullable === 'NO'));
}

async function describeKeys(db: StateDatabase): Promise<string[]> {
  const { rows } = await db.execute<
    Record<'table_name' | 'constraint_type' | 'constraint_name' | 'column_name', string>
  >(
    sql`
      SELECT tc.table_name, tc.constraint_type, tc.constraint_name, kcu.column_name
      FROM information_schema.table_constraints tc
      JOIN information_schema.key_column_usage kcu
        ON kcu.table_catalog = tc.table_catalog AND kcu.table_schema = tc.table_schema
        AND kcu.table_name = tc.table_name AND kcu.constraint_name = tc.constraint_name
      WHERE tc.table_catalog = current_database() AND tc.table_schema = current_schema()
        AND tc.constraint_type IN ('PRIMARY KEY', 'UNIQUE')
      ORDER BY tc.table_name, tc.constraint_name, kcu.ordinal_position`,
  );
  const keys = Map.groupBy(rows, (row) => `${row.table_name}.${row.constraint_name}`);
  return [...keys.values()].flatMap((columns) =>
    columns.slice(0, 1).map(({ table_name, constraint_type }) =>
      describeKey(
        table_name,
        constraint_type,
        columns.map((row) => row.column_name),
      ),
    ),
  );
}
