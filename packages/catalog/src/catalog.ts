import type { BlobStore } from '@agnes/blobs';
import { AgnesError } from '@agnes/errors';
import type { Access, EffectivePolicy, Principal } from '@agnes/rbac';
import { type State, schema } from '@agnes/state';
import { lookup } from './lookup.ts';
import { type Manifest, Manifests } from './manifest.ts';
import type { KnownFile, Publication, PublishResult } from './publication.ts';
import { publish } from './publish.ts';
import { knownFiles } from './published-files.ts';
import { type ReadableNow, readableNow } from './readable-now.ts';
import type { Connectors } from './registration.ts';
import { precheck, type RegistryContext, register, unknownTable, unregister, update } from './registry.ts';
import { tableResourceType } from './resource-type.ts';
import { liveBlobs, prune } from './retention.ts';
import { snapshots } from './snapshot.ts';
import type { ReadableTable, RegisteredTable, Registration, TableDefinition, TablePatch } from './table.ts';
import { takenOut } from './taken-out.ts';
import { type TableVersion, VersionCache } from './versions.ts';

export interface CatalogOptions {
  readonly state: State;
  readonly blobs: BlobStore;
  readonly access: Access;
  /** Installed connectors by source type. */
  readonly connectors: Connectors;
  readonly now?: () => Date;
  /** Newest versions of a table that are kept whatever their age. */
  readonly keepVersions?: number;
  /** Hours that a version is kept after another took its place. */
  readonly keepHours?: number;
}

/** Tables, their versions and what of them a caller may have. `by` is the id of whoever changes something. */
export interface Catalog {
  /** Where the parts are. */
  readonly blobs: BlobStore;

  /**
   * Throws `table_exists`, `invalid_table_name`, `connector_unknown`, `invalid_schedule`, `invalid_request`, and what the
   * connector has to say.
   */
  register(input: Registration, by: string): Promise<RegisteredTable>;
  /** What {@link register} would make of it; registers nothing. Throws the same. */
  precheck(input: Registration): Promise<TableDefinition>;
  /** Throws as {@link register}, and `table_not_found`. */
  update(idOrName: string, patch: TablePatch, by: string): Promise<{ table: RegisteredTable; updated: string[] }>;
  /** Takes a table out, with versions and grants. Throws `table_not_found`. */
  unregister(idOrName: string, by: string): Promise<void>;
  list(): Promise<RegisteredTable[]>;
  find(idOrName: string): Promise<RegisteredTable | undefined>;
  /** Throws `table_not_found`. */
  get(idOrName: string): Promise<RegisteredTable>;

  /** The table, if the caller may read it. Throws the same `table_not_found` for what is unknown and what is forbidden. */
  readable(principal: Principal, idOrName: string): Promise<ReadableTable>;
  listReadable(principal: Principal): Promise<ReadableTable[]>;
  /** Undefined while nothing is published. Ask {@link readable} first. */
  currentVersion(tableId: string): Promise<TableVersion | undefined>;
  /** What a principal may read at this moment, for statements over several tables. */
  readableNow(principal: Principal): Promise<ReadableNow>;
  manifest(principal: Principal): Promise<Manifest>;
  /**
   * The bytes that the blob must have, and such a table, if it is a part of a retained version of a table that the caller
   * may read whole.
   */
  readableBlob(principal: Principal, sha256: string): Promise<{ size_bytes: number; table_id: string } | undefined>;
  blobReadable(principal: Principal, sha256: string): Promise<boolean>;

  /** All that is accepted becomes visible in one transaction. What is not is in the result, with why. */
  publish(publication: Publication): Promise<PublishResult>;
  knownFiles(source: string): Promise<Map<string, Omit<KnownFile, 'path'>>>;
  /** Folders under `extracts/` that own names now: one that is gone has to be published as empty and complete. */
  sources(): Promise<string[]>;
  /** Names, lower-cased, that an administrator took out of a source and that nobody registered again. */
  takenOut(source: string): Promise<string[]>;
  liveBlobs(): Promise<Set<string>>;
  prune(): Promise<{ versions: number }>;
}

/** The catalog over a state database. Registers the resource type `table` with `access`. */
export function createCatalog(options: CatalogOptions): Catalog {
  const { state, blobs, access, connectors, now = () => new Date() } = options;
  const retention = { keepVersions: options.keepVersions ?? 3, keepHours: options.keepHours ?? 24 };
  const versions = new VersionCache();
  const snapshot = snapshots(state, versions);
  const tables = lookup(state, snapshot);
  const manifests = new Manifests();
  const registry: RegistryContext = { state, access, connectors, now };
  access.registerResourceType(tableResourceType(state));

  const readableBlob: Catalog['readableBlob'] = async (principal, sha256) => {
    const { readable, policies } = await access.tables(principal);
    const blob = (await snapshot()).blobs.get(sha256);
    if (blob === undefined) return undefined;
    const table_id = [...blob.tables].find((id) => readable === 'all' || (readable.has(id) && !policies.has(id)));
    return table_id === undefined ? undefined : { size_bytes: blob.size_bytes, table_id };
  };

  return {
    blobs,
    register: (input, by) => register(registry, input, by),
    precheck: (input) => precheck(registry, input),
    update: (idOrName, patch, by) => update(registry, idOrName, patch, by),
    unregister: (idOrName, by) => unregister(registry, idOrName, by),
    list: () => tables.list('all'),
    find: (idOrName) => tables.find(idOrName),
    async get(idOrName) {
      return (await tables.find(idOrName)) ?? unknownTable(idOrName);
    },

    async readable(principal, idOrName) {
      const id = await tables.idOf(idOrName);
      const { readable, policies } = await access.tables(principal);
      // The state is asked about a table only for whoever may read it: the time of the answer would tell that there is one.
      const isReadable = id !== undefined && (readable === 'all' || readable.has(id));
      const table = isReadable ? await tables.find(id) : undefined;
      if (table !== undefined) return asSeen(table, policies.get(table.id));
      throw new AgnesError('table_not_found', `There is no table '${idOrName}' that you may read.`, {
        hint: 'See what you may read: agnes catalog',
      });
    },
    async listReadable(principal) {
      const { readable, policies } = await access.tables(principal);
      return (await tables.list(readable)).map((table) => asSeen(table, policies.get(table.id)));
    },
    currentVersion: async (tableId) => (await snapshot()).current.get(tableId)?.version,
    readableNow: readableNow(access, snapshot),
    async manifest(principal) {
      const tables = await access.tables(principal);
      return manifests.of(await snapshot(), tables, now());
    },
    readableBlob,
    blobReadable: async (principal, sha256) => (await readableBlob(principal, sha256)) !== undefined,

    publish: (publication) => publish({ state, blobs, versions, now }, publication),
    knownFiles: (source) => knownFiles(state, source),
    async sources() {
      const { viewOwnership } = schema;
      const rows = await state.db.selectDistinct({ source: viewOwnership.source_name }).from(viewOwnership);
      return rows.map(({ source }) => source).sort();
    },
    takenOut: (source) => takenOut(state.db, source),
    liveBlobs: () => liveBlobs(state),
    prune: () => prune(state, retention, now()),
  };
}

function asSeen(table: RegisteredTable, policy: EffectivePolicy | undefined): ReadableTable {
  return policy === undefined ? { ...table, policy } : { ...table, policy, rows: null, size_bytes: null };
}
