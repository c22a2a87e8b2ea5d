import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Connection, openDatabase, quoteIdentifier, quoteLiteral, quoteLiteralList } from '@agnes/duckdb';
import { META_DDL } from '@agnes/extract-contract';
import { partsOf } from './parts-of.ts';
import { type Server, startServer, sync } from './server.ts';

/** A table to query: its rows as a SELECT over `i`, which counts them, written as so many files. */
export interface TableToQuery {
  readonly name: string;
  readonly select: string;
  readonly rows: number;
  readonly parts: number;
}

/** A server with one table, and the stored files of it. */
export interface QueryServer extends AsyncDisposable {
  readonly server: Server;
  readonly files: readonly string[];
}

/** Enough for every client of a bar: what one person may ask at a time is not what they measure. */
const LIMITS = {
  AGNES_QUERY_WORKERS: String(availableParallelism()),
  AGNES_QUERY_PER_USER: '64',
  AGNES_QUERY_QUEUE_PER_USER: '64',
  AGNES_QUERY_QUEUE: '256',
  AGNES_QUERY_TIME_LIMIT_SEC: '600',
};

export async function startQueryServer(folder: string, table: TableToQuery): Promise<QueryServer> {
  await writeTable(join(folder, 'extracts', 'measured'), table);
  const server = await startServer(folder, LIMITS);
  try {
    await sync(server, null);
    const parts = await partsOf(server);
    const files = parts.map(({ sha256 }) => join(folder, 'blobs', 'sha256', sha256.slice(0, 2), sha256));
    return { server, files, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

async function writeTable(folder: string, { name, select, rows, parts }: TableToQuery): Promise<void> {
  const data = join(folder, 'data', name);
  await mkdir(data, { recursive: true });
  await using database = await openDatabase(join(folder, 'extract.duckdb'));
  await using connection = await database.connect();
  await connection.run(META_DDL);
  const perPart = Math.ceil(rows / parts);
  for (let first = 0, part = 0; first < rows; first += perPart, part += 1) {
    const numbers = `range(${first}, ${Math.min(rows, first + perPart)}) AS numbers(i)`;
    const path = join(data, `part-${String(part).padStart(4, '0')}.parquet`);
    await connection.run(`COPY (${select} FROM ${numbers}) TO ${quoteLiteral(path)} (FORMAT parquet)`);
  }
  const files = quoteLiteral(join(data, '*.parquet'));
  await connection.run(`CREATE VIEW ${quoteIdentifier(name)} AS SELECT * FROM read_parquet(${files})`);
  await connection.run("INSERT INTO _meta VALUES ($1, '', NULL, 0, now(), 'local')", [name]);
}

/** Connections that are open already, over a view of the same files: the other side of the query bars. */
export interface OpenConnections extends AsyncDisposable {
  readonly connections: readonly [Connection, ...Connection[]];
}

export async function openConnections(name: string, files: readonly string[], count: number): Promise<OpenConnections> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await openDatabase(':memory:'));
  const first = stack.use(await database.connect());
  await first.run(`CREATE VIEW ${quoteIdentifier(name)} AS SELECT * FROM read_parquet(${quoteLiteralList(files)})`);
  const connections: [Connection, ...Connection[]] = [first];
  while (connections.length < count) connections.push(stack.use(await database.connect()));
  const all = stack.move();
  return { connections, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Sends a query and reads the whole answer. Throws when it is refused. Answers the bytes of it. */
export async function postQuery({ url, token }: Server, body: Readonly<Record<string, unknown>>): Promise<number> {
  const response = await fetch(`${url}/api/query`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`The query was answered with ${response.status}: ${await response.text()}`);
  let bytes = 0;
  for await (const chunk of response.body ?? []) bytes += chunk.length;
  return bytes;
}
