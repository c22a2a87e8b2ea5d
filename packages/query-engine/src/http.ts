import { callerOf, type catalogOperations, type Handlers } from '@agnes/api-contract';
import type { BlobStore } from '@agnes/blobs';
import type { Catalog } from '@agnes/catalog';
import { AgnesError } from '@agnes/errors';
import { sampleTable } from './sample-table.ts';
import type { WorkerPool } from './worker-pool.ts';

type QueryOperations = Pick<typeof catalogOperations, 'tableSample'>;

/** Implements the operations that read rows on the server. */
export function queryHandlers({
  pool,
  catalog,
  blobs,
}: {
  readonly pool: WorkerPool;
  readonly catalog: Pick<Catalog, 'readable' | 'currentVersion'>;
  readonly blobs: Pick<BlobStore, 'path'>;
}): Handlers<QueryOperations> {
  return {
    async tableSample({ params, query }, context) {
      const table = await catalog.readable(callerOf(context), params.id);
      const version = await catalog.currentVersion(table.id);
      if (version === undefined) {
        throw new AgnesError('table_not_published', `The table '${table.name}' has no data yet.`, {
          hint: `Ask an administrator to sync it: agnes admin sync ${table.name}`,
          details: { table: table.name },
        });
      }
      const rows = await sampleTable(pool, version, blobs, query.n, { signal: context.signal });
      return { table_id: table.id, name: table.name, rows, source: table.source_type };
    },
  };
}
