import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient } from '@agnes/api-client';
import { type Column, type Connection, type Database, openDatabase, quoteLiteralList, type Row } from '@agnes/duckdb';
import { type RunningServer, startServer, temporaryFolder } from '@agnes/testkit';

type Job = Awaited<ReturnType<Client['getJob']>>;
export type Outcome = NonNullable<Job['outcome']>;

/** A server whose files connector reads one folder, as its administrator sees it. */
export interface SourceServer extends AsyncDisposable {
  readonly server: RunningServer;
  readonly client: Client;
  /** The folder that tables are read from. */
  readonly files: string;
  /** For reading what is published. */
  readonly connection: Connection;
  register(name: string, sourceTable: string, columnTypes?: Readonly<Record<string, string>>): Promise<void>;
  /** Syncs the tables, or all, and answers the outcome, whatever it is. */
  sync(tables?: readonly string[]): Promise<Outcome>;
  versions(): Promise<ReadonlyMap<string, Version>>;
}

/** A published version: its id and its parquet files. */
export interface Version {
  readonly id: string;
  readonly rows: number;
  readonly paths: readonly string[];
}

/** Starts it; `files` is a folder of its own unless one is given. */
export async function startSourceServer(
  env: Readonly<Record<string, string>> = {},
  files?: string,
): Promise<SourceServer> {
  await using stack = new AsyncDisposableStack();
  const root = files ?? stack.use(await temporaryFolder('agnes-bad-input-')).path;
  const server = stack.use(await startServer({ env: { AGNES_ROLE: 'api', AGNES_FILES_ROOTS: root, ...env } }));
  const database: Database = stack.use(await openDatabase(':memory:'));
  const connection = await database.connect();
  const { access_token: token } = await createClient({ server: server.url }).signIn({ body: server.admin });
  const client = createClient({ server: server.url, token });
  const all = stack.move();
  return {
    server,
    client,
    files: root,
    connection,
    async register(name, source_table, columnTypes) {
      const types = columnTypes === undefined ? {} : { column_types: { ...columnTypes } };
      await client.registerTable({ body: { name, source_type: 'local', source_table, ...types } });
    },
    async sync(tables) {
      const body = { tables: tables === undefined ? null : [...tables], force: true };
      const { job_id: id } = await client.triggerSync({ body });
      for (;;) {
        const job = await client.getJob({ params: { id } });
        if (job.finished_at === null) await sleep(20);
        else if (job.outcome !== null) return job.outcome;
        else throw new Error(`The sync ended as ${job.status}: ${JSON.stringify(job.error)}`);
      }
    },
    async versions() {
      const { tables } = await client.syncManifest();
      return new Map(
        Object.entries(tables).flatMap(([name, { version, parts, rows }]) =>
          version === null || rows === null
            ? []
            : [[name, { id: version.id, rows, paths: parts.map(({ sha256 }) => blobOf(server, sha256)) }] as const],
        ),
      );
    },
    [Symbol.asyncDispose]: () => all[Symbol.asyncDispose](),
  };
}

function blobOf({ dataDir }: RunningServer, sha256: string): string {
  return join(dataDir, 'blobs', 'sha256', sha256.slice(0, 2), sha256);
}

/** The published files as one relation, in their order. */
export function relationOf({ paths }: Version): string {
  return `read_parquet(${quoteLiteralList([...paths])})`;
}

export async function contentOf(
  { connection }: SourceServer,
  version: Version,
): Promise<{ columns: Column[]; rows: Row[] }> {
  const from = `FROM ${relationOf(version)}`;
  return { columns: await connection.columns(from), rows: await connection.rows(from) };
}
