import { startPostgres } from './postgres-server.ts';
import { dropTestDatabases, POSTGRES_URL, testDatabases } from './test-database.ts';

/**
 * vitest's `globalSetup` for suites that need a Postgres: the one that `AGNES_TEST_POSTGRES_URL` names, else one of its own,
 * shared by every project of the run.
 */
export async function setup(): Promise<() => Promise<void>> {
  const given = process.env[POSTGRES_URL];
  if (given !== undefined && given !== '') {
    if (given === started) return async () => {};
    const before = await testDatabases(given);
    return () => dropTestDatabases(given, before);
  }
  const server = await startPostgres();
  started = server.url;
  process.env[POSTGRES_URL] = server.url;
  return async () => {
    delete process.env[POSTGRES_URL];
    await server[Symbol.asyncDispose]();
  };
}

let started: string | undefined;
