import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PublishRequest } from '../publish/protocol.ts';

/** What the publish runner is asked for the source `shop` of a server's folder, of which nothing is known yet. */
export async function publishRequest(dataDir: string): Promise<PublishRequest> {
  const out = join(dataDir, 'tmp', `publish-shop-${crypto.randomUUID()}`);
  await mkdir(out, { recursive: true });
  return {
    source: 'shop',
    source_dir: join(dataDir, 'extracts', 'shop'),
    out_dir: out,
    blobs_root: join(dataDir, 'blobs'),
    known_files: [],
    leave_out: [],
    known_tables: [],
    limits: { memory: '200MB', threads: 1, spill: '1GB' },
  };
}
