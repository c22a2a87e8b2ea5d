import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BlobStore, openFilesystemBlobs } from '@agnes/blobs';
import { type Access, createAccess, EVERYONE_GROUP_ID, type Principal } from '@agnes/rbac';
import { openState, type State, schema } from '@agnes/state';
import { testState } from '@agnes/testkit';
import { type Catalog, type CatalogOptions, createCatalog } from './catalog.ts';
import type { Manifest } from './manifest.ts';
import type { Part, Publication, PublishedTable } from './publication.ts';

/** A real catalog over a real state and store, for tests. */
export interface TestCatalog extends AsyncDisposable {
  readonly state: State;
  readonly blobs: BlobStore;
  access: Access;
  catalog: Catalog;
  /** What `now()` of the catalog says. */
  readonly clock: { now: Date };
  /** Another catalog over the same state, as after a restart or with a state that fails. */
  again(options?: Partial<CatalogOptions>): Catalog;
  /** Empties the state, and begins anew. */
  reset(): Promise<void>;
}

export const ROOT: Principal = { userId: 'user_root', groupIds: [], isAdmin: true };
const START = '2026-05-01T12:00:00Z';

export async function testCatalog(options: Partial<CatalogOptions> = {}): Promise<TestCatalog> {
  const folder = await mkdtemp(join(tmpdir(), 'agnes-catalog-'));
  const state = await openState(await testState(join(folder, 'system.duckdb')));
  const blobs = await openFilesystemBlobs(join(folder, 'blobs'));
  const clock = { now: new Date(START) };
  const connectors = new Map([['local', {}]]);
  const make = (access: Access, more: Partial<CatalogOptions> = {}): Catalog =>
    createCatalog({ state, blobs, access, connectors, now: () => clock.now, ...options, ...more });
  const access = createAccess({ state });
  await access.seedSystemGroups();
  const it: TestCatalog = {
    state,
    blobs,
    access,
    catalog: make(access),
    clock,
    again: (more) => make(createAccess({ state }), more),
    async reset() {
      await state.write(async (tx) => {
        for (const rows of Object.values(schema)) await tx.delete(rows);
      });
      clock.now = new Date(START);
      it.access = createAccess({ state });
      it.catalog = make(it.access);
      await it.access.seedSystemGroups();
    },
    async [Symbol.asyncDispose]() {
      await state.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return it;
}

/** A person who is in a group of their own. */
export async function person(access: Access, state: State, name: string): Promise<Principal> {
  const now = new Date();
  const id = `user_${name}`;
  await state.write((tx) =>
    tx.insert(schema.users).values({ id, email: `${name}@example.com`, created_at: now, updated_at: now }),
  );
  const group = await access.createGroup({ name }, ROOT.userId);
  await access.addMember(group.id, id, 'admin', ROOT.userId);
  return { userId: id, groupIds: [group.id, EVERYONE_GROUP_ID], isAdmin: false };
}

/** The JSON text of somebody's manifest. */
export const manifestText = async (catalog: Catalog, principal: Principal): Promise<string> =>
  textOf(await catalog.manifest(principal));

export const textOf = (manifest: Manifest): string => Buffer.concat(manifest.plain()).toString();

export async function part(blobs: BlobStore, rows = 1, bytes: Uint8Array = randomBytes(32)): Promise<Part> {
  const blob = await blobs.putStream(
    (async function* () {
      yield bytes;
    })(),
  );
  return { ...blob, rows, writer: 'duckdb/1.5.6' };
}

/** A table as a source publishes it; a part of its own unless told. */
export async function table(
  blobs: BlobStore,
  name: string,
  more: Partial<PublishedTable> & { readonly parts?: readonly Part[] } = {},
): Promise<PublishedTable> {
  const parts = more.parts ?? [await part(blobs)];
  return {
    name,
    query_mode: 'local',
    extracted_at: new Date('2026-05-01T11:00:00Z'),
    columns: [{ name: 'id', type: 'BIGINT', nullable: true }],
    rows: parts.reduce((sum, { rows }) => sum + rows, 0),
    size_bytes: parts.reduce((sum, { size_bytes }) => sum + size_bytes, 0),
    warnings: [],
    ...more,
    parts,
  };
}

export function publication(
  source: string,
  tables: readonly PublishedTable[],
  more: Partial<Publication> = {},
): Publication {
  return { source, tables, failed: [], complete: true, files: [], ...more };
}
