import {
  callerOf,
  type catalogOperations,
  type distributionOperations,
  type Handlers,
  type registryOperations,
} from '@agnes/api-contract';
import { AgnesError } from '@agnes/errors';
import type { Catalog } from './catalog.ts';
import { blobResponse } from './http/blob-response.ts';
import { manifestResponse } from './http/manifest-response.ts';
import { catalogEntry, registryEntry, sqlFlavor } from './http/rows.ts';

export { blobResponse } from './http/blob-response.ts';
export { noneMatchNames } from './http/entity-tags.ts';

type CatalogHandlers = Handlers<
  typeof registryOperations &
    Pick<typeof catalogOperations, 'catalog' | 'catalogTables' | 'tableSchema'> &
    Pick<typeof distributionOperations, 'syncManifest' | 'getBlob'>
>;

export interface CatalogHandlersOptions {
  readonly catalog: Catalog;
  readonly now?: () => Date;
}

/** The registry, the catalog, schemas, the manifest and the files. */
export function catalogHandlers({ catalog, now = () => new Date() }: CatalogHandlersOptions): CatalogHandlers {
  return {
    async listRegistry() {
      const tables = (await catalog.list()).map(registryEntry);
      return { tables, count: tables.length };
    },
    async registerTable({ body }, context) {
      const { id, name } = await catalog.register(body, callerOf(context).userId);
      return { id, name, status: 'registered' };
    },
    async precheckTable({ body }) {
      return { ok: true, table: { ...(await catalog.precheck(body)) } };
    },
    async updateTable({ params, body }, context) {
      const { table, updated } = await catalog.update(params.id, body, callerOf(context).userId);
      return { id: table.id, updated };
    },
    async unregisterTable({ params }, context) {
      await catalog.unregister(params.id, callerOf(context).userId);
      return undefined;
    },

    async catalog(_input, context) {
      const tables = (await catalog.listReadable(callerOf(context))).map(catalogEntry);
      return { tables, server_time: now().toISOString() };
    },
    async catalogTables(_input, context) {
      const tables = (await catalog.listReadable(callerOf(context))).map(
        ({ id, name, description, source_type, sync_strategy, query_mode }) => {
          return { id, name, description, source_type, sync_strategy, query_mode };
        },
      );
      return { tables, count: tables.length };
    },
    async tableSchema({ params }, context) {
      const table = await catalog.readable(callerOf(context), params.id);
      const version = await catalog.currentVersion(table.id);
      if (version === undefined) {
        throw new AgnesError('table_not_published', `'${table.name}' is registered, but has no data yet.`, {
          hint: 'Its data arrives with the next sync; an administrator can start one: agnes admin sync',
        });
      }
      return {
        table_id: table.id,
        name: table.name,
        source_type: table.source_type,
        sql_flavor: sqlFlavor(table),
        columns: version.columns.map((column) => ({ ...column, description: '' })),
        partition_by: null,
        clustered_by: [],
        where_dialect_hints: {},
      };
    },

    async syncManifest(_input, context) {
      return await manifestResponse(await catalog.manifest(callerOf(context)), context);
    },
    async getBlob({ params }, context) {
      const blob = await catalog.readableBlob(callerOf(context), params.sha256);
      if (blob === undefined) {
        throw new AgnesError('blob_not_found', `There is no file ${params.sha256} that you may read.`, {
          hint: 'Fetch the manifest again: agnes pull',
        });
      }
      return await blobResponse(catalog.blobs, params.sha256, blob.size_bytes, context);
    },
  };
}
