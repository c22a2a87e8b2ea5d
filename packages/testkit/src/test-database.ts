import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

/** The environment variable that names a Postgres for tests; the address may make and drop databases. */
export const POSTGRES_URL = 'AGNES_TEST_POSTGRES_URL';

/** A new, empty database on the tests' Postgres. It goes with the server, or when it is disposed of. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
}

/** Needs the vitest `globalSetup` in `@agnes/testkit/postgres-for-tests`, which starts a Postgres where none is named. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = process.env[POSTGRES_URL];
  if (server === undefined || server === '') {
    throw new Error(`There is no Postgres for this test: ${POSTGRES_URL} is not set, and none was started.`);
  }
  const name = `agnes_test_${randomBytes(6).toString('hex')}`;
  await administer(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      await administer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

/**
 * Where a test keeps its state: the file, or with `AGNES_TEST_STATE=postgres` a new database. For `openState`; the same suites
 * then run on either engine.
 */
export async function testState(path: string): Promise<{ readonly path: string } | { readonly url: string }> {
  const engine = process.env.AGNES_TEST_STATE ?? 'duckdb';
  if (engine === 'duckdb') return { path };
  if (engine !== 'postgres') throw new Error(`AGNES_TEST_STATE is ${engine}; it may be duckdb or postgres.`);
  return { url: (await createTestDatabase()).url };
}

/** Removes what tests left on a Postgres that outlives them. */
export async function dropTestDatabases(server: string, since: ReadonlySet<string>): Promise<void> {
  for (const name of await testDatabases(server)) {
    if (!since.has(name)) await administer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  }
}

export async function testDatabases(server: string): Promise<Set<string>> {
  const rows = await administer(server, "SELECT datname FROM pg_database WHERE datname LIKE 'agnes\\_test\\_%'");
  return new Set(rows.map((row) => String(row.datname)));
}

/** One statement on the server's own database. */
export async function administer(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}
