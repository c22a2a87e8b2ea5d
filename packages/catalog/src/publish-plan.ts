import { type ErrorCode, isAgnesError } from '@agnes/errors';
import { checkTableName, nameKey } from './names.ts';
import type { Publication, PublishedTable, RefusedTable } from './publication.ts';
import { REGISTERED_BY_EXTRACT, type RegisteredTable } from './table.ts';
import type { TableVersion } from './versions.ts';

/** What the state says before a publication, as far as that concerns it. Keys are lower-case names. */
export interface Before {
  /** Rows of the names in the publication and of the source. */
  readonly tables: ReadonlyMap<string, RegisteredTable>;
  /** Current versions by table id. */
  readonly versions: ReadonlyMap<string, TableVersion>;
  readonly owners: ReadonlyMap<string, string>;
  /** Names of this source that an administrator took out. */
  readonly takenOut: ReadonlySet<string>;
  /** Names in the publication that are ids of tables. */
  readonly ids: ReadonlySet<string>;
  /** Bytes of the blobs that the publication names, as far as they are in the store. */
  readonly stored: ReadonlyMap<string, number>;
}

export interface AcceptedTable {
  readonly key: string;
  readonly published: PublishedTable;
  /** Undefined: a name that nobody registered. */
  readonly row: RegisteredTable | undefined;
  /** The version that stays; undefined: there is a new one. */
  readonly same: TableVersion | undefined;
  /** Whether the name is the source's already. */
  readonly owned: boolean;
  /** The row belonged to a source that stopped publishing the name. */
  readonly takesOver: boolean;
}

export interface FailedTable {
  readonly row: RegisteredTable;
  readonly code: ErrorCode;
  readonly message: string;
}

/** What a publication changes. */
export interface Plan {
  readonly accepted: readonly AcceptedTable[];
  readonly refused: readonly RefusedTable[];
  readonly failed: readonly FailedTable[];
  /** Tables that the source publishes no more, and that an administrator registered: only they can take them out. */
  readonly kept: readonly RegisteredTable[];
  /** Other names that the source owned and publishes no more; with their rows, where those are still of this source. */
  readonly released: readonly { readonly key: string; readonly row: RegisteredTable | undefined }[];
}

/** Decides what becomes of each table, without changing anything. */
export function planPublication(publication: Publication, before: Before): Plan {
  const accepted: AcceptedTable[] = [];
  const refused: RefusedTable[] = [];
  const seen = new Set<string>();
  for (const published of publication.tables) {
    const key = nameKey(published.name);
    const why = seen.has(key) ? twice(published.name) : reasonToRefuse(publication.source, published, key, before);
    seen.add(key);
    if (why !== undefined) {
      refused.push({ name: published.name, ...why });
      continue;
    }
    const row = before.tables.get(key);
    const version = row === undefined ? undefined : before.versions.get(row.id);
    const same = version !== undefined && hasSameContent(version, published) ? version : undefined;
    accepted.push({
      key,
      published,
      row,
      same,
      owned: before.owners.get(key) === publication.source,
      takesOver: row !== undefined && row.source !== publication.source,
    });
  }

  const failed = publication.failed.flatMap(({ name, code, message }) => {
    const row = before.tables.get(nameKey(name));
    return row?.source === publication.source ? [{ row, code, message }] : [];
  });

  const listed = new Set([...publication.tables, ...publication.failed].map(({ name }) => nameKey(name)));
  const gone = [...before.owners]
    .filter(([key, owner]) => publication.complete && owner === publication.source && !listed.has(key))
    .map(([key]) => {
      const row = before.tables.get(key);
      return { key, row: row?.source === publication.source ? row : undefined };
    });
  const isKept = (row: RegisteredTable | undefined): row is RegisteredTable =>
    row !== undefined && row.current_version !== null && !isFromExtract(row);
  return {
    accepted,
    refused,
    failed,
    kept: gone.map(({ row }) => row).filter(isKept),
    released: gone.filter(({ row }) => !isKept(row)),
  };
}

type Reason = Omit<RefusedTable, 'name'>;

function reasonToRefuse(source: string, published: PublishedTable, key: string, before: Before): Reason | undefined {
  const { name } = published;
  const row = before.tables.get(key);
  if (row === undefined) {
    const bad = nameProblem(name);
    if (bad !== undefined) return bad;
    if (before.takenOut.has(key)) {
      const message = `An administrator took '${name}' out; '${source}' still publishes it.`;
      return { code: 'publish_refused', message, hint: `To have it again: agnes admin register-table ${name}` };
    }
    if (before.ids.has(name)) {
      return { code: 'table_exists', message: `'${name}' is the id of a table.`, hint: 'Rename it at its source.' };
    }
  }
  const owner = before.owners.get(key) ?? row?.source ?? source;
  if (owner !== source && !(row !== undefined && isFree(row, key, before))) {
    const message = `'${name}' is published by '${owner}', so '${source}' cannot publish it.`;
    return {
      code: 'table_exists',
      message,
      hint: `Rename the table in one of the two, or stop publishing it in '${owner}'.`,
    };
  }
  return contentProblem(published, before.stored);
}

/** A row that an extract brought, whose source does not publish it any more. */
function isFree(row: RegisteredTable, key: string, before: Before): boolean {
  return !before.owners.has(key) && isFromExtract(row);
}

function isFromExtract({ registered_by }: RegisteredTable): boolean {
  return registered_by?.startsWith(REGISTERED_BY_EXTRACT) ?? false;
}

function nameProblem(name: string): Reason | undefined {
  try {
    checkTableName(name);
    return undefined;
  } catch (error) {
    if (!isAgnesError(error, 'invalid_table_name')) throw error;
    return { code: error.code, message: error.message, hint: error.hint ?? 'Rename it at its source.' };
  }
}

function contentProblem(table: PublishedTable, stored: ReadonlyMap<string, number>): Reason | undefined {
  const { name, parts, columns } = table;
  const lost = parts.find(({ sha256, size_bytes }) => stored.get(sha256) !== size_bytes);
  if (lost !== undefined) {
    const message = `The file ${lost.sha256} of '${name}' is not in the store with the size that was told.`;
    return { code: 'publish_failed', message, hint: 'Sync again, and check the disk of the server if it stays.' };
  }
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const bytes = parts.reduce((sum, part) => sum + part.size_bytes, 0);
  const names = new Set(columns.map((column) => nameKey(column.name)));
  const isRemote = table.query_mode === 'remote' && parts.length === 0;
  const wrong =
    (columns.length === 0 && !isRemote && 'it has no columns') ||
    (names.size < columns.length && 'two columns have one name') ||
    (!isRemote && rows !== table.rows && `its parts have ${rows} rows, the table has ${table.rows}`) ||
    (!isRemote && bytes !== table.size_bytes && `its parts have ${bytes} bytes, the table has ${table.size_bytes}`);
  if (wrong === false) return undefined;
  return { code: 'extract_invalid', message: `'${name}' cannot be published: ${wrong}.`, hint: 'Sync again.' };
}

function twice(name: string): Reason {
  const message = `'${name}' is there twice; names are compared without regard to case.`;
  return { code: 'table_exists', message, hint: 'Rename one of the two at their source.' };
}

function hasSameContent(version: TableVersion, { parts, columns, rows }: PublishedTable): boolean {
  return (
    version.rows === rows &&
    version.parts.length === parts.length &&
    version.columns.length === columns.length &&
    version.parts.every(
      (part, index) => part.sha256 === parts[index]?.sha256 && part.partition === (parts[index]?.partition ?? null),
    ) &&
    version.columns.every(({ name, type, nullable }, index) => {
      const column = columns[index];
      return name === column?.name && type === column.type && nullable === column.nullable;
    })
  );
}
