import { join } from 'node:path';
import type { BlobStore } from '@agnes/blobs';
import type { Catalog } from '@agnes/catalog';
import { isThere } from '@agnes/durable-files';
import type { ViewsRequest } from './protocol.ts';
import { updateViews } from './update-views.ts';

export interface MasterViews {
  /** Brings the views of a source, or with null of all, up to date. Returns those that could not be made, with why. */
  update(source: string | null): Promise<readonly string[]>;
}

interface MasterViewsOptions {
  readonly catalog: Catalog;
  readonly blobs: BlobStore;
  readonly dataDir: string;
  readonly memory: string;
}

const DEADLINE_MS = 10 * 60_000;

/**
 * `analytics/server.duckdb`: one view a published table, over its blobs. It can be deleted at any time. A process of its
 * own writes it, because a file that this process had open would lose its lock when it is copied.
 */
export function createMasterViews({ catalog, blobs, dataDir, memory }: MasterViewsOptions): MasterViews {
  const file = join(dataDir, 'analytics', 'server.duckdb');
  let last: Promise<unknown> = Promise.resolve();

  const viewsOf = async (source: string | null): Promise<ViewsRequest['views']> => {
    const views: ViewsRequest['views'] = [];
    for (const table of await catalog.list()) {
      if (table.current_version === null || (source !== null && table.source !== source)) continue;
      const version = await catalog.currentVersion(table.id);
      if (version === undefined) continue;
      const paths = version.parts.map(({ sha256 }) => blobs.path(sha256));
      views.push({ name: table.name, source: table.source, version: version.id, paths });
    }
    return views;
  };

  /** What this process has brought into the file, by source. */
  let shown = new Map<string, string>();

  const run = async (source: string | null): Promise<readonly string[]> => {
    const views = await viewsOf(source);
    const wanted = new Map(
      [...Map.groupBy(views, (view) => view.source)].map(([name, own]) => [
        name,
        JSON.stringify(own.map((view) => [view.name, view.version])),
      ]),
    );
    const known = source === null ? shown : new Map([...shown].filter(([name]) => name === source));
    if (sameEntries(known, wanted) && (await isThere(file))) return [];
    shown = new Map([...shown].filter(([name]) => source !== null && name !== source));
    const { incomplete, failed } = await updateViews(
      { file, source, views, memory },
      { temporary: join(dataDir, 'tmp', `views-${crypto.randomUUID()}`), deadlineMs: DEADLINE_MS },
    );
    if (incomplete) return run(null);
    if (failed.length === 0) shown = new Map([...shown, ...wanted]);
    return failed;
  };

  return {
    update(source) {
      const own = last.then(() => run(source));
      last = own.catch(() => {});
      return own;
    },
  };
}

function sameEntries(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}
