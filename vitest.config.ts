import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { findBrowser } from './packages/testkit/src/find-browser.ts';

const root = import.meta.dirname;
const folders = ['packages', 'apps'].flatMap((parent) =>
  readdirSync(join(root, parent)).map((name) => join(parent, name)),
);
const conditions = ['@agnes/source', 'module', 'node', 'development|production'];

function nameOf(folder: string): string {
  if (folder === 'scripts') return folder;
  return (JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as { name: string }).name;
}

const onPostgres = process.env.AGNES_TEST_STATE === 'postgres';
const postgres = join(root, 'packages/testkit/src/postgres-for-tests.ts');

// The state's own suite and what the server does with it run on both engines always; the others by `pnpm test:postgres`.
function needsPostgres(folder: string): boolean {
  return ['packages/state', 'apps/server'].includes(folder) || onPostgres;
}

// The repositories over the state, once more on Postgres.
const repositories = onPostgres
  ? []
  : ['packages/jobs', 'packages/rbac', 'packages/auth', 'packages/catalog'].map((folder) => ({
      extends: true as const,
      test: {
        name: `${nameOf(folder)} on Postgres`,
        root: join(root, folder),
        include: [
          'src/{jobs,access,auth,held-access,sessions,links,policies,publish,registry,manifest}.test.ts',
          'src/audit/*.test.ts',
        ],
        env: { AGNES_TEST_STATE: 'postgres' },
        globalSetup: [postgres],
      },
    }));

// What needs a program that not every machine has is no part of a suite that must pass everywhere.
const withoutPooler = process.env.AGNES_TEST_PGBOUNCER === undefined ? ['**/pooler.test.ts'] : [];
const withoutBrowser = findBrowser() === undefined ? ['pages/*.test.ts'] : [];
// This file is read once for every project.
const said = Symbol.for('agnes.tests.without-browser');
if (withoutBrowser.length > 0 && !Object.hasOwn(globalThis, said)) {
  Object.defineProperty(globalThis, said, { value: true });
  const names = readdirSync(join(root, 'e2e/pages')).filter((name) => name.endsWith('.test.ts'));
  process.stderr.write(
    `NOT RUN, because there is no Chromium, Chrome or Edge here: ${names.map((name) => `e2e/pages/${name}`).join(', ')}. ` +
      'Install one, or name it in AGNES_TEST_BROWSER.\n',
  );
}

// Every workspace package is a project of its own, so that `vitest run --project @agnes/blobs` runs one of them.
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['@agnes/source', 'node'] } },
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // By default one core is left idle; much of what the tests do is waiting for processes.
    maxWorkers: availableParallelism(),
    // The programs that tests start run from their sources; Node keeps what it made of them.
    env: { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compile') },
    projects: [...folders, 'e2e', 'bench', 'scripts']
      .filter((folder) => folder === 'scripts' || existsSync(join(root, folder, 'package.json')))
      .map((folder) => ({
        extends: true as const,
        test: {
          name: nameOf(folder),
          root: join(root, folder),
          include: ['**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', ...withoutPooler, ...(folder === 'e2e' ? withoutBrowser : [])],
          // Their tests run what users run: the built apps, of the current sources.
          globalSetup: [
            ...(['apps/cli', 'e2e', 'bench'].includes(folder)
              ? [join(root, 'packages/testkit/src/build-apps.ts')]
              : []),
            ...(needsPostgres(folder) ? [postgres] : []),
          ],
        },
      }))
      .concat(repositories as never[]),
  },
});
