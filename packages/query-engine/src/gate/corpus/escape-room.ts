import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Connection,
  copyToParquet,
  type Database,
  enterSandbox,
  openDatabase,
  quoteLiteral,
  quoteLiteralList,
} from '@agnes/duckdb';
import { messageOf } from '@agnes/errors';
import { checkPlan, expandPivot, explainFailure, gateStatement, unknownTable } from '../index.ts';

/** What a statement has to get past. Production has all of them. */
export interface Walls {
  /** The parse tree, its functions, and relations that must be granted. */
  readonly gate: boolean;
  readonly plan: boolean;
  readonly sandbox: boolean;
}

export const ALL_WALLS: Walls = { gate: true, plan: true, sandbox: true };

/** In every forbidden value, in the row that a filter hides and in every file that is not granted. */
export const MARKER = 'ZZMARK7F';
/** How many rows the forbidden tables have: no answer may hold it either. */
const ROWS = 7919;

/**
 * A granted table beside everything that a statement must not reach: a table in memory, a view over a file, an attached
 * database, files, macros, a variable, an enum, a prepared statement, and a row of the granted table's own file that its view hides.
 */
export interface EscapeRoom extends AsyncDisposable {
  readonly folder: string;
  /** What got out, as text; undefined when nothing did. */
  tryEscape(sql: string, walls: Walls): Promise<string | undefined>;
  /** Whether the last one gave rows. */
  readonly ran: boolean;
}

export async function openEscapeRoom(): Promise<EscapeRoom> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'agnes-escape-')));
  const path = (name: string): string => join(folder, name);
  await writeFiles(path);
  const kept = await Promise.all(FILES.map(async (name) => [name, await readFile(path(name))] as const));
  const before = await fingerprint(folder);
  let open: { database: Database; connection: Connection; walls: Walls } | undefined;

  const leave = async (): Promise<void> => {
    await open?.database.close();
    open = undefined;
  };
  const enter = async (walls: Walls): Promise<Connection> => {
    if (open !== undefined && open.walls === walls) return open.connection;
    await leave();
    const database = await openDatabase(':memory:');
    const connection = await database.connect();
    await furnish(connection, path);
    if (walls.sandbox) {
      await enterSandbox(connection, { allowedPaths: [path('granted.parquet')], memoryLimit: '200MB', threads: 1 });
    }
    open = { database, connection, walls };
    return connection;
  };

  let ran = false;
  return {
    folder,
    get ran() {
      return ran;
    },
    async tryEscape(sql, walls) {
      const statement = sql.replaceAll('{dir}', folder);
      const connection = await enter(walls);
      // Some run for ever: what they have said by then counts.
      const timer = setInterval(() => connection.interrupt(), 1500);
      const said = await answer(connection, statement, walls, path('granted.parquet')).finally(() =>
        clearInterval(timer),
      );
      ran = said.startsWith('[');
      const told = leak(said, statement, folder);
      const now = await fingerprint(folder);
      // What a statement may have changed must not help the next one.
      if (!walls.gate || now !== before) await leave();
      if (now !== before) await repair(folder, kept);
      return now === before ? told : 'a file was written';
    },
    async [Symbol.asyncDispose]() {
      await leave();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What the caller is told: rows with their columns' names, or why there are none. */
async function answer(connection: Connection, sql: string, walls: Walls, file: string): Promise<string> {
  const tables = [{ name: 'orders', columns: ['id', 'region', 'amount', 'note'] }];
  let run = sql;
  if (walls.gate) {
    const gate = await gateStatement(connection, sql);
    if (gate.kind === 'refused') return JSON.stringify(gate);
    const hidden = gate.relations.find(({ name }) => name.toLowerCase() !== 'orders');
    if (hidden !== undefined) return JSON.stringify(unknownTable(hidden, tables));
    const expanded = await expandPivot(connection, gate, new Set([file]), { tables });
    if (expanded.kind === 'refused') return JSON.stringify(expanded);
    run = expanded.sql;
  }
  if (walls.plan) {
    const refusal = await checkPlan(connection, run, new Set([file]), { tables });
    if (refusal !== undefined) return JSON.stringify(refusal);
  }
  try {
    const result = await connection.raw.runAndReadUntil(run, 8000);
    return JSON.stringify([result.columnNames(), result.getRowsJson()]);
  } catch (error) {
    return walls.gate ? JSON.stringify(explainFailure(error, { sql: run, tables })) : messageOf(error);
  }
}

/** What the statement itself holds is no news. */
function leak(said: string, sql: string, folder: string): string | undefined {
  const facts = [
    MARKER,
    MARKER.slice(0, 7),
    String(ROWS),
    folder,
    'secrets',
    'salaries',
    'vault',
    'leak_scalar',
    'secret_enum',
  ];
  const asked = sql.toLowerCase();
  const heard = said.toLowerCase();
  const fact = facts.find((one) => heard.includes(one.toLowerCase()) && !asked.includes(one.toLowerCase()));
  return fact === undefined ? undefined : `${fact} in ${said.slice(0, 300)}`;
}

async function writeFiles(path: (name: string) => string): Promise<void> {
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  await copyToParquet(
    connection,
    `SELECT i AS id, ['north', 'south', 'hidden'][1 + CASE WHEN i = 99 THEN 2 ELSE i % 2 END] AS region,
            CASE WHEN i = 99 THEN 424242.42 ELSE i * 1.5 END::DECIMAL(10, 2) AS amount,
            CASE WHEN i = 99 THEN '${MARKER}' ELSE 'note ' || i END AS note
     FROM range(100) t(i)`,
    path('granted.parquet'),
  );
  const secrets = `SELECT i AS id, '${MARKER}' || i AS secret FROM range(${ROWS}) t(i)`;
  await copyToParquet(connection, secrets, path('forbidden.parquet'));
  await connection.run(
    `ATTACH ${quoteLiteral(path('vault.duckdb'))} AS vault; CREATE TABLE vault.safe AS ${secrets}; DETACH vault`,
  );
  await writeFile(path('marker.csv'), `secret\n${MARKER}\n`);
  await writeFile(path('marker.json'), JSON.stringify({ secret: MARKER }));
}

async function furnish(connection: Connection, path: (name: string) => string): Promise<void> {
  const statements = [
    `ATTACH ${quoteLiteral(path('vault.duckdb'))} AS vault (READ_ONLY)`,
    `CREATE VIEW orders AS SELECT * FROM read_parquet(${quoteLiteralList([path('granted.parquet')])}) WHERE region <> 'hidden'`,
    `CREATE VIEW salaries AS SELECT * FROM read_parquet(${quoteLiteralList([path('forbidden.parquet')])})`,
    `CREATE TABLE secrets AS SELECT i AS id, '${MARKER}' || i AS secret FROM range(${ROWS}) t(i)`,
    'CREATE MACRO leak() AS TABLE FROM secrets',
    'CREATE MACRO leak_scalar() AS (SELECT max(secret) FROM secrets)',
    `CREATE TYPE secret_enum AS ENUM ('${MARKER}')`,
    'CREATE SEQUENCE seq START 7919',
    `SET VARIABLE hidden = '${MARKER}'`,
    'PREPARE p AS FROM secrets',
  ];
  for (const statement of statements) await connection.run(statement);
}

async function fingerprint(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    hash.update(name);
    if (FILES.includes(name)) hash.update(await readFile(join(folder, name)));
  }
  return hash.digest('hex');
}

const FILES = ['granted.parquet', 'forbidden.parquet', 'vault.duckdb', 'marker.csv', 'marker.json'];

async function repair(folder: string, kept: readonly (readonly [string, Uint8Array])[]): Promise<void> {
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true });
  for (const [name, bytes] of kept) await writeFile(join(folder, name), bytes);
}
