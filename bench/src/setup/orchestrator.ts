import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openFilesystemBlobs } from '@agnes/blobs';
import { createCatalog } from '@agnes/catalog';
import { createJobs } from '@agnes/jobs';
import { createOrchestrator, type Orchestrator } from '@agnes/orchestrator';
import { createAccess } from '@agnes/rbac';
import { openState } from '@agnes/state';

/** The orchestrator in this process, over a state, store and catalog as the server has them. */
export interface InProcess extends AsyncDisposable {
  readonly orchestrator: Orchestrator;
}

export async function openOrchestrator(dataDir: string): Promise<InProcess> {
  await mkdir(join(dataDir, 'state'), { recursive: true });
  const state = await openState({ path: join(dataDir, 'state', 'system.duckdb') });
  const blobs = await openFilesystemBlobs(join(dataDir, 'blobs'));
  const access = createAccess({ state });
  const catalog = createCatalog({ state, blobs, access, connectors: new Map([['local', {}]]) });
  const failed: string[] = [];
  const orchestrator = createOrchestrator({
    catalog,
    blobs,
    jobs: createJobs({ state }),
    dataDir,
    connectors: [],
    log: (level, message) => level !== 'info' && failed.push(message),
  });
  await orchestrator.start();
  return {
    orchestrator,
    async [Symbol.asyncDispose]() {
      await state.close();
      if (failed.length > 0) throw new Error(`The orchestrator warned: ${failed.join('; ')}`);
    },
  };
}
