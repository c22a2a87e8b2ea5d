import { startPostgres } from './postgres-server.ts';
import { dropTestDatabases, POSTGRES_URL, testDatabases } from './test-database.ts';

/** Set when a project of this run has started the server, which then also ends it: each project loads this file anew. */
const STARTED = 'AGNES_TEST_POSTGRES_STARTED';

/**
 * vitest's `globalSetup` for suites that need a Postgres: the one that `AGNES_TEST_POSTGRES_URL` names, else one of its own,
 * shared by every project of the run.
 */
export async function setup(): Promise<() => Promise<void>> {
  const given = process.env[POSTGRES_URL];
  if (given !== undefined && given !== '') {
    if (given === process.env[STARTED]) return async () => {};
    const before = await testDatabases(given);
    return () => dropTestDatabases(given, before);
  }
  const server = await startPostgres();
  process.env[STARTED] = server.url;
  process.env[POSTGRES_URL] = server.url;
  return async () => {
    delete process.env[POSTGRES_URL];
    await server[Symbol.asyncDispose]();
  };
}
