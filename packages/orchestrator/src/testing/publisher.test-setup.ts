/**
 * The process that crash.test.ts kills: everything of a server that publishing needs. Takes a number and a command a line on
 * stdin, and answers with the number and what came of it: `publish` publishes the source `shop`; `look` says what readers may name; `sweep` sweeps as if
 * two hours had passed.
 */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openFilesystemBlobs } from '@agnes/blobs';
import { createCatalog } from '@agnes/catalog';
import { createJobs } from '@agnes/jobs';
import { createAccess } from '@agnes/rbac';
import { openState } from '@agnes/state';
import { createOrchestrator } from '../orchestrator.ts';

const AHEAD_MS = 2 * 3_600_000;
const [dataDir = ''] = process.argv.slice(2);

const state = await openState({ path: join(dataDir, 'state', 'system.duckdb') });
const blobs = await openFilesystemBlobs(join(dataDir, 'blobs'));
const access = createAccess({ state });
const now = () => new Date(Date.now() + AHEAD_MS);
const catalog = createCatalog({
  state,
  blobs,
  access,
  connectors: new Map([['local', {}]]),
  keepVersions: 2,
  keepHours: 1,
  now: () => new Date(),
});
const orchestrator = createOrchestrator({ catalog, blobs, jobs: createJobs({ state }), dataDir, connectors: [], now });
await orchestrator.start();

const commands: Readonly<Record<string, () => Promise<unknown>>> = {
  publish: () => orchestrator.rebuildSource('shop'),
  sweep: () => orchestrator.sweep(),
  async look() {
    const current: Record<string, unknown> = {};
    for (const { id, name } of await catalog.list()) current[name] = await catalog.currentVersion(id);
    return { current, live: [...(await catalog.liveBlobs())] };
  },
};

process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const [number, command = ''] = line.split(' ');
  process.stdout.write(`${number} ${JSON.stringify((await commands[command]?.()) ?? null)}\n`);
}
process.exit(0);
