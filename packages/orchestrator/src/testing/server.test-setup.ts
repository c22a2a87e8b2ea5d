import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BlobStore, openFilesystemBlobs } from '@agnes/blobs';
import { type Catalog, createCatalog, type RegisteredTable } from '@agnes/catalog';
import { createJobs, type Job, type Jobs } from '@agnes/jobs';
import { createAccess } from '@agnes/rbac';
import { openState } from '@agnes/state';
import { testState } from '@agnes/testkit';
import { createOrchestrator, type Orchestrator, type OrchestratorOptions } from '../orchestrator.ts';
import { dataFolder, rowsOfParts } from './sources.test-setup.ts';

/** An orchestrator over a real state, store, catalog and queue, for tests. */
export interface TestServer extends AsyncDisposable {
  readonly dataDir: string;
  readonly blobs: BlobStore;
  readonly catalog: Catalog;
  readonly jobs: Jobs;
  readonly orchestrator: Orchestrator;
  readonly warnings: string[];
  /** How far the orchestrator's clock runs ahead, in ms. */
  readonly clock: { ahead: number };
  /** Runs a sync job to its end. */
  sync(payload?: { tables?: string[] | null; force?: boolean }): Promise<Job>;
  table(name: string): Promise<RegisteredTable | undefined>;
  /** What a reader gets of a table now; undefined when nothing is published. */
  rows(name: string): Promise<Record<string, unknown>[] | undefined>;
}

export async function testServer(options: Partial<OrchestratorOptions> = {}): Promise<TestServer> {
  const folder = await dataFolder();
  const dataDir = folder.path;
  await mkdir(join(dataDir, 'state'), { recursive: true });
  const state = await openState(await testState(join(dataDir, 'state', 'system.duckdb')));
  const blobs = await openFilesystemBlobs(join(dataDir, 'blobs'));
  const access = createAccess({ state });
  const connectors = options.connectors ?? [];
  const installed = new Map<string, { source?: string }>([['local', {}]]);
  for (const { sourceType, source } of connectors) installed.set(sourceType, { source });
  const catalog = createCatalog({ state, blobs, access, connectors: installed });
  const jobs = createJobs({ state });
  const warnings: string[] = [];
  const clock = { ahead: 0 };
  const orchestrator = createOrchestrator({
    catalog,
    blobs,
    jobs,
    dataDir,
    connectors,
    log: (_level, message) => warnings.push(message),
    now: () => new Date(Date.now() + clock.ahead),
    ...options,
  });
  await orchestrator.start();
  const runner = jobs.start({ handlers: { sync: orchestrator.syncHandler }, pollSeconds: 1 });

  return {
    dataDir,
    blobs,
    catalog,
    jobs,
    orchestrator,
    warnings,
    clock,
    async sync(payload = {}) {
      const { id } = await jobs.enqueue({
        kind: 'sync',
        lane: 'sync',
        payload: { tables: null, force: false, ...payload },
      });
      for (;;) {
        const job = await jobs.get(id);
        if (job.finished_at !== null) return job;
        await sleep(20);
      }
    },
    table: (name) => catalog.find(name),
    async rows(name) {
      const table = await catalog.find(name);
      const version = table === undefined ? undefined : await catalog.currentVersion(table.id);
      return version === undefined ? undefined : rowsOfParts(dataDir, version.parts);
    },
    async [Symbol.asyncDispose]() {
      await runner.stop({ graceSeconds: 0 });
      await state.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
