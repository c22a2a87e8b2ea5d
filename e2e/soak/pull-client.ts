import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@agnes/api-client';
import type { Marks } from './part-marks.ts';
import { note, noteError } from './tally.ts';
import type { World } from './world.ts';

type Manifest = Awaited<ReturnType<Client['syncManifest']>>;
type Table = Manifest['tables'][string];

export interface PullClientOptions {
  readonly name: string;
  readonly client: Client;
  readonly world: World;
  readonly marks: (sha256: string, bytes: Uint8Array) => Promise<Marks>;
}

const THINK_MS = 1500;

/** Pulls until the end: the manifest with its ETag, each part that is new, verified; and holds it against the world. */
export async function runPullClient(options: PullClientOptions): Promise<void> {
  const { name, client, world, marks } = options;
  const { tally, signal } = world;
  /** Parts that this client has, with what is in them: of one of the live tables, or undefined. */
  const have = new Map<string, Marks | undefined>();
  let etag = '';
  let tables: Manifest['tables'] = {};
  while (!signal.aborted) {
    const asked = world.live.map(({ published }) => published);
    const { granted, changes } = world.onAndOff;
    try {
      const response = await client.raw(
        'syncManifest',
        {},
        { headers: etag === '' ? {} : { 'if-none-match': etag }, signal },
      );
      if (response.status !== 304) {
        etag = response.headers.get('etag') ?? '';
        const text = await response.text();
        tally.bytes += text.length;
        tables = (JSON.parse(text) as Manifest).tables;
      }
      const settled = changes === world.onAndOff.changes && changes % 2 === 0;
      if (settled && Object.hasOwn(tables, world.onAndOff.name) !== granted) {
        tally.stale += 1;
        note(
          tally,
          `${name}: ${world.onAndOff.name} is ${granted ? 'granted, and not' : 'not granted, and'} in the manifest`,
        );
      }
      for (const [table, entry] of Object.entries(tables)) await fetchTable(table, entry);
      for (const [i, { name: table }] of world.live.entries()) checkLive(table, tables[table], asked[i] ?? 0);
      tally.pulls += 1;
    } catch (error) {
      if (!signal.aborted) noteError(tally, name, error);
      etag = '';
    }
    await sleep(THINK_MS * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
  }

  async function fetchTable(table: string, { version, parts }: Table): Promise<void> {
    if (version !== null) tally.versions.add(version.id);
    for (const { sha256, bytes: length } of parts) {
      if (have.has(sha256)) continue;
      const changes = world.onAndOff.changes;
      try {
        const bytes = await (await client.getBlob({ params: { sha256 }, signal })).bytes();
        tally.bytes += bytes.length;
        if (bytes.length !== length || createHash('sha256').update(bytes).digest('hex') !== sha256) {
          tally.torn += 1;
          note(tally, `${name}: part ${sha256} of ${table} has other bytes`);
        }
        tally.verifiedParts += 1;
        have.set(sha256, world.live.some((one) => one.name === table) ? await marks(sha256, bytes) : undefined);
      } catch (error) {
        const isRevoked = (error as { code?: string }).code === 'blob_not_found' && table === world.onAndOff.name;
        if (!isRevoked || (changes === world.onAndOff.changes && changes % 2 === 0 && world.onAndOff.granted))
          throw error;
        tally.revokedMeanwhile += 1;
        etag = '';
      }
    }
  }

  /** All rows are of one publish, and that is no older than what was done when the manifest was asked for. */
  function checkLive(table: string, entry: Table | undefined, atLeast: number): void {
    if (entry === undefined) {
      tally.stale += 1;
      note(tally, `${name}: ${table} is not in the manifest`);
      return;
    }
    const all = entry.parts.map(({ sha256 }) => have.get(sha256)).filter((one) => one !== undefined);
    const least = Math.min(...all.map((one) => one.least));
    const greatest = Math.max(...all.map((one) => one.greatest));
    const rows = all.reduce((sum, one) => sum + one.rows, 0);
    if (least !== greatest || rows !== entry.rows) {
      tally.torn += 1;
      note(tally, `${name}: ${table} has rows of publishes ${least} to ${greatest}, ${rows} of ${entry.rows} rows`);
    }
    if (greatest < atLeast) {
      tally.stale += 1;
      note(tally, `${name}: ${table} is of publish ${greatest}, though ${atLeast} was done before it asked`);
    }
  }
}
