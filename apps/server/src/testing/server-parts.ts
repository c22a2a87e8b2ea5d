import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '@agnes/config';
import { type TemporaryFolder, temporaryFolder, testState, writeParquet } from '@agnes/testkit';
import { listen } from '../api/listen.ts';
import { appOver } from '../app-over.ts';
import { createClosing } from '../closing.ts';
import { watchProcess } from '../health/process-watch.ts';
import { schemaVersion } from '../health/state-health.ts';
import { createLog } from '../log.ts';
import { openParts, type Parts } from '../parts.ts';

export const ADMIN = { email: 'admin@example.com', password: 'a-long-pass-phrase-1' };

/** A server over real parts that the test can reach, on a port of its own. */
export interface ServerWithParts extends AsyncDisposable {
  readonly url: string;
  readonly parts: Parts;
  /** Publishes a table of that many rows, `id` from 0, and answers the hash of its file. */
  publish(tables: Readonly<Record<string, number>>): Promise<Record<string, string>>;
}

export async function startWithParts(): Promise<ServerWithParts> {
  const folder = await temporaryFolder('agnes-parts-');
  const closing = createClosing();
  closing.add(async () => folder[Symbol.asyncDispose]());
  const log = createLog('silent');
  const state = await testState(join(folder.path, 'state'));
  const config = await loadConfig({
    DATA_DIR: folder.path,
    CONFIG_DIR: folder.path,
    SEED_ADMIN_EMAIL: ADMIN.email,
    SEED_ADMIN_PASSWORD: ADMIN.password,
    ...('url' in state ? { AGNES_STATE_URL: state.url } : {}),
  });
  const parts = await openParts(config, log, closing);
  const watch = watchProcess();
  closing.add(async () => watch[Symbol.dispose]());
  const build = { version: '1', channel: 'x', image_tag: 'x', commit_sha: 'x' };
  const schema_version = await schemaVersion(parts.state);
  const deployed_at = new Date().toISOString();
  const running = { build: { ...build, schema_version, deployed_at }, phase: { current: 'ready' as const } };
  const app = appOver(parts, config, log, { ...running, watch });
  const listener = await listen(app, '127.0.0.1', 0);
  closing.add(() => listener.close(1000));
  return {
    url: listener.url,
    parts,
    publish: (tables) => publish(parts, folder, tables),
    [Symbol.asyncDispose]: () => closing.close(),
  };
}

async function publish(
  { catalog, blobs }: Parts,
  folder: TemporaryFolder,
  tables: Readonly<Record<string, number>>,
): Promise<Record<string, string>> {
  const made = [];
  for (const [name, rows] of Object.entries(tables)) {
    const path = join(folder.path, `${name}.parquet`);
    await writeParquet(path, rows, { id: 'i' });
    made.push({ name, rows, blob: await blobs.putStream(createReadStream(path)) });
  }
  await catalog.publish({
    ...{ source: 'erp', complete: true, failed: [], files: [] },
    tables: made.map(({ name, rows, blob }) => ({
      ...{ name, rows, query_mode: 'local', warnings: [], size_bytes: blob.size_bytes },
      extracted_at: new Date(),
      columns: [{ name: 'id', type: 'BIGINT', nullable: true }],
      parts: [{ ...blob, rows, writer: 'duckdb/1.5.6' }],
    })),
  });
  return Object.fromEntries(made.map(({ name, blob }) => [name, blob.sha256]));
}
