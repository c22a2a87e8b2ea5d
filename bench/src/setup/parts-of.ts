import type { Server } from './server.ts';

/** A file that the manifest offers. */
export interface OfferedPart {
  readonly sha256: string;
  readonly url: string;
  readonly bytes: number;
}

/** Every part of every table, in the manifest's order. */
export async function partsOf({ client, url }: Server): Promise<OfferedPart[]> {
  const { tables } = await client.syncManifest();
  return Object.values(tables).flatMap(({ parts }) =>
    parts.map(({ sha256, bytes }) => ({ sha256, bytes, url: `${url}/api/blobs/sha256/${sha256}` })),
  );
}
