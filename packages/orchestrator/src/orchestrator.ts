import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { BlobStore } from '@agnes/blobs';
import type { Catalog } from '@agnes/catalog';
import { hasErrorCode, isThere } from '@agnes/durable-files';
import { AgnesError, messageOf } from '@agnes/errors';
import { EXTRACT_FILE, isIdentifier } from '@agnes/extract-contract';
import type { JobHandler, Jobs } from '@agnes/jobs';
import pLimit from 'p-limit';
import { allEnded } from './all-ended.ts';
import type { ConnectorProcess } from './connector/connector-process.ts';
import { diskError } from './disk-error.ts';
import { KeyedLock } from './keyed-lock.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { createReadings } from './publish/readings.ts';
import { type PublishSetup, type ReadSource, readForPublication, reportOf } from './publish-source.ts';
import type { Failure, SourceReport, WorkContext } from './report.ts';
import { createSyncHandler } from './sync/sync.ts';
import { createMasterViews } from './views/master-views.ts';

export interface OrchestratorOptions {
  readonly catalog: Catalog;
  readonly blobs: BlobStore;
  readonly jobs: Jobs;
  readonly dataDir: string;
  readonly connectors: readonly ConnectorProcess[];
  readonly limits?: Partial<Limits>;
  /** For what no job can tell, such as a rebuild of the master views that failed. */
  readonly log?: (level: 'info' | 'warning' | 'error', message: string) => void;
  readonly now?: () => Date;
}

export interface SweepReport {
  readonly versions: number;
  readonly blobs: number;
  readonly bytes: number;
}

export interface Orchestrator {
  /**
   * Publishes every source under `extracts/`; those whose files have not changed since they were read are not read again,
   * unless `context.force`. Returns the names that each publishes now; sources without any are left out.
   */
  rebuild(context?: WorkContext): Promise<Record<string, string[]>>;
  /** Publishes one source; its cost does not grow with the others. Returns its names, sorted: none for an unknown source. */
  rebuildSource(name: string, context?: WorkContext): Promise<string[]>;
  /** The same with everything there is to say about it. `failures` of its connector go onto its tables. */
  publish(name: string, context?: WorkContext, failures?: readonly Failure[]): Promise<SourceReport>;
  /** {@link rebuild} with everything there is to say; `failures` by source. */
  publishAll(context?: WorkContext, failures?: ReadonlyMap<string, readonly Failure[]>): Promise<SourceReport[]>;
  /** Handler of jobs of kind `sync`, whose payload is `{ tables: string[] | null, force?: boolean }`. */
  readonly syncHandler: JobHandler;
  /** The sync that is queued or running. */
  currentSync(): Promise<{ readonly id: string } | undefined>;
  syncLocked(): Promise<boolean>;
  /** Removes what a crash left under `tmp`. Call it once, before any work. */
  start(): Promise<void>;
  /** Forgets old versions and removes files that nothing names. Undefined when a publish is running: try again later. */
  sweep(): Promise<SweepReport | undefined>;
}

/** Young files are spared by a sweep: a publish may be about to name them. */
const SWEEP_AGE_MS = 3_600_000;
const NOTHING = { published: [], changed: [], failed: [], warnings: [], skipped: [], kept: [], withdrawn: [] };
const TEMPORARY = /^(publish|connector|views)-/;
const PUBLISHING = /^publish-/;

/** Runs connectors and publishes what sources leave. Throws when two connectors claim one source. */
export function createOrchestrator(options: OrchestratorOptions): Orchestrator {
  const { catalog, blobs, jobs, connectors, log = () => {}, now = () => new Date() } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const dataDir = resolve(options.dataDir);
  const extracts = join(dataDir, 'extracts');
  const readings = createReadings(blobs, now);
  const setup: PublishSetup = { catalog, blobs, blobsRoot: rootOf(blobs), dataDir, limits, readings };
  const views = createMasterViews({ catalog, blobs, dataDir, memory: `${limits.publishMemoryMb}MB` });
  const sources = new KeyedLock();
  const whole = new KeyedLock();
  let sweeping: Promise<unknown> | undefined;
  assertDistinct(connectors);

  const read = async (source: string, context: WorkContext, failures: readonly Failure[]): Promise<ReadSource> => {
    await sweeping;
    return readForPublication(setup, source, context, failures);
  };

  const show = async (source: string | null): Promise<void> => {
    try {
      for (const failed of await views.update(source)) log('warning', `server.duckdb has no view ${failed}`);
    } catch (error) {
      // Nothing that readers use depends on it, and the next publish makes it again.
      log('warning', `server.duckdb could not be brought up to date: ${messageOf(error)}`);
    }
  };

  const makeVisible = async (source: string, found: ReadSource): Promise<SourceReport> => {
    try {
      return reportOf(source, found, await catalog.publish(found.publication));
    } catch (error) {
      const problem = error instanceof AgnesError ? error : diskError(error);
      if (problem === undefined) throw error;
      const { code, message, hint } = problem;
      const failure = { item: source, code, message, ...(hint === undefined ? {} : { hint }) };
      return { ...NOTHING, source, failed: [failure] };
    }
  };

  const publish: Orchestrator['publish'] = (source, context = {}, failures = []) =>
    sources.run(source, async () => {
      const report = await makeVisible(source, await read(source, context, failures));
      await show(source);
      return report;
    });

  const publishAll: Orchestrator['publishAll'] = (context = {}, failures = new Map()) =>
    whole.run('', async () => {
      const { names, misnamed } = await listSources(extracts);
      const limit = pLimit(limits.parallel);
      const found = new Map<string, ReadSource>();
      const reports = new Map<string, SourceReport>();
      // Sources are read side by side and made visible in the order of their names: the first one owns a name.
      let turn: Promise<unknown> = Promise.resolve();
      await allEnded(
        names.map((source) => {
          const before = turn;
          const own = limit(() =>
            sources.run(source, async () => {
              context.signal?.throwIfAborted();
              const content = await read(source, context, failures.get(source) ?? []);
              await before;
              found.set(source, content);
              reports.set(source, await makeVisible(source, content));
            }),
          );
          turn = own.catch(() => {});
          return own;
        }),
      );
      for (const source of await goneSources(extracts, await catalog.sources())) {
        const nothing = { source, tables: [], failed: [], complete: true, files: [] };
        await sources.run(source, async () => {
          const { kept, withdrawn } = await catalog.publish(nothing);
          reports.set(source, { ...NOTHING, source, kept, withdrawn });
        });
      }
      // A name that its owner gave up in this very rebuild goes to a source that was refused before.
      const freed = new Set(
        [...reports.values()].flatMap(({ withdrawn }) => withdrawn.map((name) => name.toLowerCase())),
      );
      for (const [source, content] of [...found].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const tables = content.publication.tables.map(({ name }) => name.toLowerCase());
        const published = new Set(reports.get(source)?.published.map((name) => name.toLowerCase()));
        if (!tables.some((name) => freed.has(name) && !published.has(name))) continue;
        await sources.run(source, async () => {
          const first = reports.get(source);
          const second = await makeVisible(source, content);
          reports.set(source, { ...second, changed: [...new Set([...(first?.changed ?? []), ...second.changed])] });
        });
      }
      for (const folder of misnamed) {
        const reason = 'The name of a source is 1 to 64 ASCII letters, digits and underscores, no digit first.';
        reports.set(folder, { ...NOTHING, source: folder, skipped: [{ item: `extracts/${folder}`, reason }] });
      }
      await show(null);
      return [...reports.values()].sort((a, b) => (a.source < b.source ? -1 : 1));
    });

  const currentSync: Orchestrator['currentSync'] = async () => {
    // One question for both: a job that begins between two would be seen by neither.
    const found = await jobs.list({ kind: 'sync', status: ['running', 'queued'], limit: 2 });
    const job = found.find(({ status }) => status === 'running') ?? found[0];
    return job === undefined ? undefined : { id: job.id };
  };

  const clearTemporary = async (names: RegExp): Promise<void> => {
    const folder = join(dataDir, 'tmp');
    await mkdir(folder, { recursive: true });
    for (const name of await readdir(folder)) {
      if (names.test(name)) await rm(join(folder, name), { recursive: true, force: true });
    }
  };

  const orchestrator: Orchestrator = {
    publish,
    publishAll,
    currentSync,
    syncLocked: async () => (await currentSync()) !== undefined,
    async rebuild(context) {
      const reports = await publishAll(context);
      return Object.fromEntries(
        reports
          .filter(({ published }) => published.length > 0)
          .map(({ source, published }) => [source, [...published]]),
      );
    },
    async rebuildSource(name, context) {
      if (!isIdentifier(name) || !(await isThere(join(extracts, name, EXTRACT_FILE)))) return [];
      return [...(await publish(name, context)).published];
    },
    syncHandler: createSyncHandler({ catalog, dataDir, connectors, limits, now, publish, publishAll }),
    start: () => clearTemporary(TEMPORARY),
    async sweep() {
      if (sources.busy || sweeping !== undefined) return undefined;
      const work = async (): Promise<SweepReport> => {
        // No publish is running, and none begins meanwhile.
        await clearTemporary(PUBLISHING);
        const { versions } = await catalog.prune();
        const live = await catalog.liveBlobs();
        const olderThan = new Date(now().getTime() - SWEEP_AGE_MS);
        const { removed, bytes } = await blobs.sweep((sha256) => live.has(sha256), { olderThan });
        return { versions, blobs: removed, bytes };
      };
      const own = work();
      sweeping = own.catch(() => {});
      try {
        return await own;
      } finally {
        sweeping = undefined;
      }
    },
  };
  return orchestrator;
}

/** Folders with an extract, sorted, and those whose name cannot be a source's. Without a finished extract it is neither. */
async function listSources(extracts: string): Promise<{ names: string[]; misnamed: string[] }> {
  const found: { names: string[]; misnamed: string[] } = { names: [], misnamed: [] };
  for (const name of await entriesOf(extracts)) {
    if (!(await isThere(join(extracts, name, EXTRACT_FILE)))) continue;
    (isIdentifier(name) ? found.names : found.misnamed).push(name);
  }
  return found;
}

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return [];
    throw diskError(error) ?? error;
  }
}

/** Sources whose folder was taken away. When all folders are gone, a volume is more likely missing than everything deleted. */
async function goneSources(extracts: string, owners: readonly string[]): Promise<string[]> {
  if (!(await isThere(extracts))) return [];
  const gone: string[] = [];
  for (const source of owners) if (!(await isThere(join(extracts, source)))) gone.push(source);
  return gone;
}

/** The folder of the store, for the runners, which open it themselves: `<root>/sha256/ab/<hex>`. */
function rootOf(blobs: BlobStore): string {
  return dirname(dirname(dirname(blobs.path('0'.repeat(64)))));
}

function assertDistinct(connectors: readonly ConnectorProcess[]): void {
  const seen = new Set<string>();
  for (const { source } of connectors) {
    if (!isIdentifier(source) || seen.has(source)) {
      throw new AgnesError(
        'invalid_config',
        `Two connectors, or one without a valid name, fill the source ${JSON.stringify(source)}.`,
        {
          hint: 'Give each source one connector and an identifier as its name.',
        },
      );
    }
    seen.add(source);
  }
}
