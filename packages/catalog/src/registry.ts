import { AgnesError } from '@agnes/errors';
import { type Access, recordAudit } from '@agnes/rbac';
import { bumpVersion, newId, type State, type StateDatabase, schema } from '@agnes/state';
import { and, desc, eq, inArray } from 'drizzle-orm';
import { nameKey } from './names.ts';
import { type Connectors, defineTable, patchTable } from './registration.ts';
import { definitionOf, findTable, idsAmong, selectTables } from './registry-rows.ts';
import {
  REGISTERED_BY_EXTRACT,
  type RegisteredTable,
  type Registration,
  sourceTypeOfFolder,
  type TableDefinition,
  type TablePatch,
} from './table.ts';
import { deleteVersions } from './versions.ts';

const {
  tableRegistry,
  unregisteredTables,
  viewOwnership,
  syncState,
  syncHistory,
  tableVersions,
  tableParts,
  publishedFiles,
} = schema;

export interface RegistryContext {
  readonly state: State;
  readonly access: Access;
  readonly connectors: Connectors;
  readonly now: () => Date;
}

/** Throws `table_not_found`. */
export async function getTable(db: StateDatabase, idOrName: string): Promise<RegisteredTable> {
  return (await findTable(db, idOrName)) ?? unknownTable(idOrName);
}

/** Throws `table_not_found`. */
export function unknownTable(idOrName: string): never {
  throw new AgnesError('table_not_found', `There is no table '${idOrName}'.`, { hint: 'agnes admin list-tables' });
}

/** The definition that a registration would have. Throws whatever {@link register} would throw. */
export async function precheck(context: RegistryContext, input: Registration): Promise<TableDefinition> {
  const { definition } = await prepare(context, input);
  await checkFree(context.state.db, definition.name);
  return definition;
}

/** Registers a table. A name that an administrator took out comes back with the source that publishes it. */
export async function register(context: RegistryContext, input: Registration, by: string): Promise<RegisteredTable> {
  const { definition, fromExtract } = await prepare(context, input);
  const at = context.now();
  const key = nameKey(definition.name);
  return context.state.write(async (tx) => {
    await checkFree(tx, definition.name);
    const id = newId('tbl');
    await tx.insert(tableRegistry).values({
      ...definition,
      id,
      name_key: key,
      registered_by: fromExtract ? `${REGISTERED_BY_EXTRACT}${definition.source}` : by,
      registered_at: at,
      updated_at: at,
    });
    await bringBack(tx, definition.source, key);
    await recordAudit(tx, {
      userId: by,
      action: 'table.register',
      resource: `table:${id}`,
      params: { name: definition.name, source_type: definition.source_type },
    });
    await bumpVersion(tx, 'data_version');
    return getTable(tx, id);
  });
}

/** Changes a table, and says which fields differ now. */
export async function update(
  context: RegistryContext,
  idOrName: string,
  patch: TablePatch,
  by: string,
): Promise<{ table: RegisteredTable; updated: string[] }> {
  const seen = await getTable(context.state.db, idOrName);
  // Connectors may look at files or ask a source, so that is done before the write queue is held.
  const { definition, updated } = await patchTable(definitionOf(seen), patch, context.connectors);
  if (updated.length === 0) return { table: seen, updated: [] };
  if (updated.includes('name') && isOfExtract(seen)) {
    throw new AgnesError(
      'invalid_request',
      `The name of '${seen.name}' is the one in the extract of '${seen.source}'.`,
      {
        hint: 'Rename it where the extract is made.',
        details: { field: 'name' },
      },
    );
  }
  return context.state.write(async (tx) => {
    const before = await getTable(tx, seen.id);
    const changes = Object.fromEntries(updated.map((field) => [field, definition[field]]));
    const key = nameKey(definition.name);
    const renamed = updated.includes('name') && key !== nameKey(before.name);
    if (renamed) await checkFree(tx, definition.name);
    await tx
      .update(tableRegistry)
      .set({ ...changes, ...(renamed ? { name_key: key } : {}), updated_at: context.now() })
      .where(eq(tableRegistry.id, before.id));
    if (renamed || updated.includes('source')) {
      // The old name may stay in an extract for a while; nobody wants it back as a table of its own.
      await tx.delete(viewOwnership).where(eq(viewOwnership.view_name, nameKey(before.name)));
      if (renamed) {
        await bringBack(tx, definition.source, key);
        await takeOut(tx, before, by, context.now());
      }
    }
    await recordAudit(tx, {
      userId: by,
      action: 'table.update',
      resource: `table:${before.id}`,
      params: { updated, ...(renamed ? { from: before.name, to: definition.name } : {}) },
    });
    await bumpVersion(tx, 'data_version');
    return { table: await getTable(tx, before.id), updated: updated.filter((field) => field !== 'source') };
  });
}

/**
 * Takes a table out with its versions and grants. Its source may publish the name on, but it stays out until somebody
 * registers it again. Throws `table_not_found`.
 */
export async function unregister(context: RegistryContext, idOrName: string, by: string): Promise<void> {
  await context.state.write(async (tx) => {
    const table = await getTable(tx, idOrName);
    await tx.delete(tableRegistry).where(eq(tableRegistry.id, table.id));
    await tx.delete(syncState).where(eq(syncState.table_id, table.id));
    await tx.delete(syncHistory).where(eq(syncHistory.table_id, table.id));
    await forgetFiles(tx, table);
    await deleteVersions(tx, table.id);
    await tx.delete(viewOwnership).where(eq(viewOwnership.view_name, nameKey(table.name)));
    await takeOut(tx, table, by, context.now());
    await context.access.revokeResource(tx, 'table', table.id);
    await recordAudit(tx, {
      userId: by,
      action: 'table.unregister',
      resource: `table:${table.id}`,
      params: { name: table.name, source: table.source },
    });
    await bumpVersion(tx, 'data_version');
  });
}

/** A name that its source may publish, but that must not become a table of its own. */
async function takeOut(tx: StateDatabase, table: RegisteredTable, by: string, at: Date): Promise<void> {
  const stone = { unregistered_at: at, unregistered_by: by };
  await tx
    .insert(unregisteredTables)
    .values({ source: table.source, name_key: nameKey(table.name), ...stone })
    .onConflictDoUpdate({ target: [unregisteredTables.source, unregisteredTables.name_key], set: stone });
}

async function bringBack(tx: StateDatabase, source: string, key: string): Promise<void> {
  await tx
    .delete(unregisteredTables)
    .where(and(eq(unregisteredTables.source, source), eq(unregisteredTables.name_key, key)));
}

/** What is remembered of a source's files keeps their blobs. */
async function forgetFiles(tx: StateDatabase, table: RegisteredTable): Promise<void> {
  const versions = tx.select({ id: tableVersions.id }).from(tableVersions).where(eq(tableVersions.table_id, table.id));
  const blobs = tx
    .select({ sha256: tableParts.sha256 })
    .from(tableParts)
    .where(inArray(tableParts.version_id, versions));
  await tx
    .delete(publishedFiles)
    .where(and(eq(publishedFiles.source, table.source), inArray(publishedFiles.sha256, blobs)));
}

interface Prepared {
  readonly definition: TableDefinition;
  /** Whether an extract that nobody here configures brings the rows. */
  readonly fromExtract: boolean;
}

/** A name that was taken out, and says nothing of where its rows come from, goes back to the source that publishes it. */
async function prepare({ state, connectors }: RegistryContext, input: Registration): Promise<Prepared> {
  const source = await sourceOfStone(state.db, input, connectors);
  if (source === undefined) return { definition: await defineTable(input, connectors), fromExtract: false };
  const source_type = sourceTypeOfFolder(source);
  const asIfInstalled = new Map([[source_type, { source }]]);
  return { definition: await defineTable({ ...input, source_type }, asIfInstalled), fromExtract: true };
}

async function sourceOfStone(
  db: StateDatabase,
  input: Registration,
  connectors: Connectors,
): Promise<string | undefined> {
  if ([input.bucket, input.source_table, input.source_query].some((field) => typeof field === 'string'))
    return undefined;
  const stones = await db
    .select({ source: unregisteredTables.source })
    .from(unregisteredTables)
    .where(eq(unregisteredTables.name_key, nameKey(input.name)))
    .orderBy(desc(unregisteredTables.unregistered_at));
  const configured = new Set([...connectors].map(([type, connector]) => connector.source ?? type));
  return stones.find(
    ({ source }) =>
      !configured.has(source) && [undefined, null, 'csv', sourceTypeOfFolder(source)].includes(input.source_type),
  )?.source;
}

async function checkFree(db: StateDatabase, name: string): Promise<void> {
  const [there] = await selectTables(db, eq(tableRegistry.name_key, nameKey(name)));
  if (there !== undefined) {
    throw new AgnesError('table_exists', `There is a table '${there.name}' already.`, {
      hint: `Choose another name, or change it: agnes admin update-table ${there.name}`,
      details: { id: there.id },
    });
  }
  if ((await idsAmong(db, [name])).size > 0) {
    throw new AgnesError('table_exists', `'${name}' is the id of a table.`, {
      hint: 'Choose another name: agnes admin list-tables shows those that are taken.',
    });
  }
}

function isOfExtract({ registered_by }: RegisteredTable): boolean {
  return registered_by?.startsWith(REGISTERED_BY_EXTRACT) ?? false;
}
