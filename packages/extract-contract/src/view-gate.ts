import { type Connection, quoteLiteral } from '@agnes/duckdb';
import { AgnesError } from '@agnes/errors';
import { referencesOf, type SqlReferences, type TableReference } from './sql-references.ts';
import { bodyOfView } from './view-body.ts';
import { allowedFunctions, TABLE_FUNCTIONS } from './view-functions.ts';

/** Decides whether an object of an attached extract speaks of its own extract and files only. */
export interface ViewGate {
  /** `name` is a table or view of schema main. Throws `publish_refused`, with what it names that it may not. */
  check(name: string): Promise<void>;
}

interface StoredObject {
  readonly schema: string;
  readonly name: string;
  readonly kind: 'view' | 'table';
  readonly sql: string;
}

/**
 * The gate of the extract that is attached as `alias`. It reads parse trees and binds nothing, so what a view reads is judged
 * before any of it runs: its extract's tables and views (which are judged too), files (the sandbox says which), and functions
 * that tell nothing about the server.
 */
export async function openViewGate(connection: Connection, alias: string): Promise<ViewGate> {
  const objects = await readObjects(connection, alias);
  const macros = await readNames(
    connection,
    `SELECT function_name AS name FROM duckdb_functions() WHERE database_name = ${quoteLiteral(alias)}`,
  );
  const builtin = await readNames(
    connection,
    "SELECT view_name AS name FROM duckdb_views() WHERE internal AND database_name = 'system'",
  );
  const functions = await allowedFunctions(connection);

  const check = async (object: StoredObject, seen: Set<StoredObject>): Promise<void> => {
    if (seen.has(object)) return;
    seen.add(object);
    for (const select of await statementsOf(connection, alias, object)) {
      const found = await referencesOf(connection, select);
      if (typeof found === 'string') throw unreadable(object, found);
      checkNames(object, found);
      for (const table of found.tables) {
        for (const target of resolve(object, table, found.ctes)) await check(target, seen);
      }
    }
  };

  const checkNames = (object: StoredObject, found: SqlReferences): void => {
    const bad = [
      ...[...found.tableFunctions].filter((name) => !TABLE_FUNCTIONS.has(name) || macros.has(name)).map(called),
      ...[...found.functions].filter((name) => !functions.has(name) || macros.has(name)).map(called),
      ...[...found.ctes].filter((name) => builtin.has(name)),
      ...[...found.unknown].map((type) => type.toLowerCase().replaceAll('_', ' ')),
    ];
    if (bad.length > 0) throw refused(object, bad);
  };

  /** What of the extract the name may mean; none for a file or a name of the statement's own. */
  const resolve = (from: StoredObject, table: TableReference, ctes: ReadonlySet<string>): StoredObject[] => {
    const name = table.name.toLowerCase();
    const schemas = schemasOf(from, table, alias);
    const targets = schemas.flatMap((schema) => objects.get(keyOf(schema, name)) ?? []);
    const bare = table.schema === undefined && table.catalog === undefined;
    // A name that the engine has too might be taken for the engine's.
    if (targets.length > 0 && !(bare && builtin.has(name))) return targets;
    if (bare && (ctes.has(name) || FILE.test(name))) return [];
    throw refused(from, [[table.catalog, table.schema, table.name].filter((part) => part !== undefined).join('.')]);
  };

  return {
    async check(name) {
      const object = objects.get(keyOf('main', name.toLowerCase()));
      if (object !== undefined) await check(object, new Set());
    },
  };
}

/** What DuckDB reads when it stands in the place of a table. */
const FILE = /\.(parquet|csv|tsv|json|jsonl|ndjson)(\.(gz|zst))?$/;

function schemasOf(from: StoredObject, { catalog, schema }: TableReference, alias: string): string[] {
  if (catalog !== undefined) return catalog.toLowerCase() === alias && schema !== undefined ? [schema] : [];
  if (schema === undefined) return [...new Set([from.schema, 'main'])];
  return schema.toLowerCase() === alias ? ['main', schema] : [schema];
}

/** The SELECT of a view; of a table, the expressions of columns that are computed when they are read. */
async function statementsOf(connection: Connection, alias: string, object: StoredObject): Promise<string[]> {
  if (object.kind === 'view') {
    const body = bodyOfView(object.name, object.sql);
    if (body === undefined) throw unreadable(object, 'its text is not understood');
    return [body.select];
  }
  if (!/\bGENERATED\b/i.test(object.sql)) return [];
  const columns = await connection.rows<{ expression: string }>(
    `SELECT column_default AS expression FROM duckdb_columns() WHERE database_name = $1 AND schema_name = $2
     AND table_name = $3 AND column_default IS NOT NULL`,
    [alias, object.schema, object.name],
  );
  return columns.map(({ expression }) => `SELECT ${expression}`);
}

async function readObjects(connection: Connection, alias: string): Promise<ReadonlyMap<string, StoredObject>> {
  const rows = await connection.rows<{ schema: string; name: string; kind: 'view' | 'table'; sql: string | null }>(
    `SELECT schema_name AS schema, table_name AS name, 'table' AS kind, sql FROM duckdb_tables()
     WHERE database_name = $1 AND NOT internal
     UNION ALL
     SELECT schema_name, view_name, 'view', sql FROM duckdb_views() WHERE database_name = $1 AND NOT internal`,
    [alias],
  );
  return new Map(rows.map((row) => [keyOf(row.schema, row.name), { ...row, sql: row.sql ?? '' }]));
}

async function readNames(connection: Connection, sql: string): Promise<ReadonlySet<string>> {
  return new Set((await connection.rows<{ name: string }>(sql)).map(({ name }) => name.toLowerCase()));
}

const keyOf = (schema: string, name: string): string => `${schema.toLowerCase()}\n${name.toLowerCase()}`;
const called = (name: string): string => `${name}()`;

function refused(object: StoredObject, names: readonly string[]): AgnesError {
  return new AgnesError(
    'publish_refused',
    `${object.name} uses ${names.slice(0, 5).join(', ')}, which is not of its own extract or tells about the server.`,
    {
      hint: 'Let it read tables of its extract and files of its folder; docs/specs/extract-contract.md has the rules.',
    },
  );
}

function unreadable(object: StoredObject, why: string): AgnesError {
  return new AgnesError('publish_refused', `What ${object.name} reads cannot be told: ${why}.`, {
    hint: 'Write the view as a plain SELECT; a PIVOT needs its values listed, IN (…).',
  });
}
