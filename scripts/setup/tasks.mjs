// The tasks of scripts/run.mjs: what each needs (`built`: the packages' dist folders) and what it does.
import { existsSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run, runQuietly, TaskFailed } from './child.mjs';
import { root } from './environment.mjs';
import { phase } from './progress.mjs';

// What was built runs on this Node. Sources, which the tests run, are read by Node itself and need one that knows `using`.
const RUN_TIME = [22, 19];
const SOURCES = [24, 0];

export const tasks = {
  demo: {
    does: 'the whole loop on real data; `npm run demo -- --help` lists its options',
    oldestNode: RUN_TIME,
    built: true,
    start: (tools, args) => run(tools, 'node', ['scripts/demo.ts', ...args]),
  },
  test: {
    does: 'the whole test suite; further arguments go to vitest',
    oldestNode: SOURCES,
    built: true,
    start: runSuite,
  },
  postgres: {
    does: 'the suites of everything that keeps state, on Postgres instead of the DuckDB file',
    oldestNode: SOURCES,
    built: false,
    start: runPostgres,
  },
  crash: {
    does: 'kill -9 at 1000 random moments each; `pnpm crash --help` lists what is killed',
    oldestNode: SOURCES,
    built: false,
    start: (tools, args) => run(tools, 'node', ['scripts/crash.ts', ...args]),
  },
  fuzz: {
    does: 'SQL made of honest and hostile parts against the query gateway, for minutes; `pnpm fuzz:sql --help` lists its options',
    oldestNode: SOURCES,
    built: false,
    start: (tools, args) => run(tools, 'node', ['scripts/fuzz-sql.ts', ...args]),
  },
  bench: {
    does: 'the bars, as ratios to bare tools; `pnpm bench --help` lists its options',
    oldestNode: SOURCES,
    built: false,
    start: (tools, args) => run(tools, 'node', ['--conditions=@agnes/source', 'bench/src/main.ts', ...args]),
  },
  soak: {
    does: 'a server under load for ten minutes; `pnpm soak --help` lists its options',
    oldestNode: SOURCES,
    built: false,
    start: (tools, args) => run(tools, 'node', ['--conditions=@agnes/source', 'e2e/soak/main.ts', ...args]),
  },
  leaks: {
    does: 'random changes of who may see what, every reader held to them; `pnpm leaks --help` lists its options',
    oldestNode: SOURCES,
    built: false,
    start: (tools, args) => run(tools, 'node', ['--conditions=@agnes/source', 'e2e/access/leaks/main.ts', ...args]),
  },
  check: {
    does: 'lint, types, edges between packages, packages as they would be published',
    oldestNode: SOURCES,
    built: true,
    start: runChecks,
  },
  affected: {
    does: 'build, types, lint and tests of the packages that differ from main',
    oldestNode: SOURCES,
    built: false,
    start: (tools, args) => run(tools, 'turbo', ['run', 'build', 'typecheck', 'lint', 'test', '--affected', ...args]),
  },
  build: { does: 'every package', oldestNode: RUN_TIME, built: true, start: async () => {} },
  setup: {
    does: 'what each of these does first: Node and pnpm in .tools/, dependencies',
    oldestNode: SOURCES,
    built: false,
    start: async () => {},
  },
};

async function runSuite(tools, args) {
  const report = join(root, 'test-report.json');
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  await run(tools, 'vitest', ['run', ...reporters, ...args]);
}

const STATEFUL = ['state', 'jobs', 'rbac', 'auth', 'catalog', 'orchestrator', 'server'];

/** The suites, then the whole loop with the server and the CLI as users have them. Arguments go to the suites. */
async function runPostgres(tools, args) {
  const pooler = findProgram('pgbouncer', tools.env.PATH);
  if (pooler === undefined) process.stderr.write('pgbouncer is not installed: what a pooler does is not tested.\n');
  const env = { ...tools.env, AGNES_TEST_STATE: 'postgres', ...(pooler && { AGNES_TEST_PGBOUNCER: pooler }) };
  const onPostgres = { ...tools, env };
  const projects = STATEFUL.map((name) => `--project=@agnes/${name}`);
  await run(onPostgres, 'vitest', ['run', ...projects, ...args]);
  if (args.length === 0) await run(onPostgres, 'vitest', ['run', '--project=@agnes/e2e', 'loop.test.ts']);
}

function findProgram(name, path = '') {
  const folders = [...path.split(delimiter), '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

const checks = [
  ['lint', 'biome', ['check', '--error-on-warnings', '.']],
  ['types', 'turbo', ['run', 'typecheck', '--output-logs=errors-only']],
  ['types of scripts', 'tsc', ['-p', 'scripts']],
  ['edges', 'node', ['scripts/check-edges.ts']],
  ['generated pages', 'node', ['--conditions=@agnes/source', 'scripts/generate-docs.ts', '--check']],
  ['packages', 'node', ['scripts/check-packages.ts']],
];

/** Every check runs, whatever the one before it found. */
async function runChecks(tools) {
  const failed = [];
  for (const [name, command, args] of checks) {
    try {
      await phase(name, () => runQuietly(tools, command, args));
    } catch (error) {
      if (!(error instanceof TaskFailed)) throw error;
      error.show();
      failed.push(name);
    }
  }
  if (failed.length > 0) throw new TaskFailed(1, `Failed: ${failed.join(', ')}.`);
}
