import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BlobStore, openFilesystemBlobs } from '@agnes/blobs';
import { type Catalog, createCatalog } from '@agnes/catalog';
import { type Connection, copyToParquet, openDatabase } from '@agnes/duckdb';
import { type Access, type AuditEntry, createAccess } from '@agnes/rbac';
import { openState, type State, schema } from '@agnes/state';
import { openQueryEngine, type QueryEngine, type QueryEngineOptions, type QueryLimits } from './query-engine.ts';

const LIMITS: QueryLimits = {
  workers: 4,
  memoryMb: 512,
  threads: 0,
  tempMb: 4096,
  timeLimitSeconds: 120,
  resultMb: 10_240,
  slicesMb: 10_240,
  perUser: 5,
  queuePerUser: 20,
  queue: 200,
  dailyMb: 51_200,
};

/** A real engine over a real state, catalog and store, for tests. */
export interface TestEngine extends AsyncDisposable {
  readonly folder: string;
  readonly state: State;
  readonly blobs: BlobStore;
  readonly access: Access;
  readonly catalog: Catalog;
  readonly engine: QueryEngine;
  /** What was noted for the audit log. */
  readonly noted: AuditEntry[];
  /** What went wrong behind requests. */
  readonly errors: unknown[];
  /** Closes the engine and opens another over the same folder, as after a restart. */
  reopen(limits?: Partial<QueryLimits>): Promise<QueryEngine>;
  /** Publishes a table of one part a SELECT; with the columns of all of them. */
  publish(name: string, ...selects: readonly string[]): Promise<string>;
  /** An account in a group of its own, named like it. */
  person(name: string): Promise<string>;
  grant(name: string, table: string): Promise<void>;
  /** Rows of a statement in JSON, asked by somebody. */
  rows(userId: string, sql: string, limit?: number): Promise<unknown[][]>;
}

export async function testEngine(
  limits: Partial<QueryLimits> = {},
  more: { readonly note?: QueryEngineOptions['note']; readonly access?: (access: Access) => Access } = {},
): Promise<TestEngine> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'agnes-query-')));
  const state = await openState({ path: join(folder, 'system.duckdb') });
  const blobs = await openFilesystemBlobs(join(folder, 'blobs'));
  const access = createAccess({ state });
  await access.seedSystemGroups();
  const catalog = createCatalog({ state, blobs, access, connectors: new Map([['local', {}]]) });
  const noted: AuditEntry[] = [];
  const errors: unknown[] = [];
  const open = (asked: Partial<QueryLimits>): Promise<QueryEngine> =>
    openQueryEngine({
      state,
      catalog,
      access: more.access?.(access) ?? access,
      blobs,
      folder: join(folder, 'tmp', 'query'),
      limits: { ...LIMITS, ...limits, ...asked },
      note: more.note ?? ((entry) => noted.push(entry)),
      onError: (error) => errors.push(error),
    });
  let engine = await open(limits);
  return {
    folder,
    state,
    blobs,
    access,
    catalog,
    noted,
    errors,
    get engine() {
      return engine;
    },
    async reopen(asked = {}) {
      await engine.close();
      engine = await open(asked);
      return engine;
    },
    async publish(name, ...selects) {
      await using database = await openDatabase(':memory:');
      await using connection = await database.connect();
      const parts = [];
      await mkdir(join(folder, 'parts'), { recursive: true });
      for (const [index, select] of selects.entries()) {
        const file = join(folder, 'parts', `${index}.parquet`);
        const { rows } = await copyToParquet(connection, select, file);
        parts.push({ ...(await blobs.putFile(file)), rows, writer: 'duckdb/1.5.6' });
      }
      const columns = await columnsOf(
        connection,
        parts.map(({ sha256 }) => blobs.path(sha256)),
      );
      const rows = parts.reduce((sum, part) => sum + part.rows, 0);
      const size_bytes = parts.reduce((sum, part) => sum + part.size_bytes, 0);
      const result = await catalog.publish({
        source: `source_${name}`,
        tables: [
          { name, query_mode: 'local', extracted_at: new Date(), columns, parts, rows, size_bytes, warnings: [] },
        ],
        failed: [],
        complete: true,
        files: [],
      });
      if (result.refused.length > 0) throw new Error(JSON.stringify(result.refused));
      return (await catalog.get(name)).id;
    },
    async person(name) {
      const id = `user_${name}`;
      const now = new Date();
      await state.write((tx) =>
        tx.insert(schema.users).values({ id, email: `${name}@example.com`, created_at: now, updated_at: now }),
      );
      const group = await access.createGroup({ name }, 'user_root');
      await access.addMember(group.id, id, 'admin', 'user_root');
      return id;
    },
    async grant(name, table) {
      const { id } = await access.getGroup(name);
      await access.createGrant({ group_id: id, resource_type: 'table', resource_id: table }, 'user_root');
    },
    async rows(userId, sql, limit = 1000) {
      const result = await engine.gateway.query({ userId }, sql, { format: 'json', limit });
      if (result.kind !== 'json') throw new Error('JSON was asked for.');
      return (JSON.parse(result.json) as { rows: unknown[][] }).rows;
    },
    async [Symbol.asyncDispose]() {
      await engine.close();
      await state.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function columnsOf(connection: Connection, files: readonly string[]) {
  if (files.length === 0) return [];
  const list = files.map((file) => `'${file}'`).join(', ');
  const columns = await connection.columns(`SELECT * FROM read_parquet([${list}], union_by_name = true)`);
  return columns.map((column) => ({ ...column, nullable: true }));
}
