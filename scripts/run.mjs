// `npm run demo`, `npm test` and `npm run check` start here: set-up (only what is missing), build, then the task.
// Plain JavaScript without dependencies, because it runs before any are installed, on any Node from 20 on.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run, runQuietly, TaskFailed } from './setup/child.mjs';
import { environment, root } from './setup/environment.mjs';
import { phase } from './setup/progress.mjs';
import { ensureTools } from './setup/tools.mjs';

const USAGE = `Usage: npm run demo|test|check [-- [--verbose] ...]

  demo    the whole loop on real data; \`npm run demo -- --help\` lists its options
  test    the whole test suite; further arguments go to vitest
  check   lint, types, edges between packages, packages as they would be published

  --verbose   show what the set-up and the build print
`;

const checks = [
  ['lint', 'biome', ['check', '--error-on-warnings', '.']],
  ['types', 'turbo', ['run', 'typecheck', '--output-logs=errors-only']],
  ['types of the root', 'tsc', ['-p', 'scripts']],
  ['edges', 'node', ['scripts/check-edges.ts']],
  ['packages', 'node', ['scripts/check-packages.ts']],
];

const tasks = { demo, test, check };

async function demo(tools, args) {
  await run(tools, 'node', ['scripts/demo.ts', ...args]);
}

async function test(tools, args) {
  const report = join(root, 'test-report.json');
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  await run(tools, 'vitest', ['run', ...reporters, ...args]);
}

async function check(tools) {
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
  if (failed.length > 0) throw new TaskFailed(1, `failed: ${failed.join(', ')}`);
}

async function main([name, ...rest]) {
  const task = Object.hasOwn(tasks, name ?? '') ? tasks[name] : undefined;
  if (task === undefined) {
    process.stderr.write(USAGE);
    return name === '--help' ? 0 : 2;
  }
  const verbose = rest.includes('--verbose');
  const args = rest.filter((arg) => arg !== '--verbose');
  const base = environment(verbose);
  const tools = await ensureTools(base);
  await phase('dependencies', () => runQuietly(tools, 'pnpm', ['install', '--frozen-lockfile', '--prefer-offline']));
  await phase('build', () => runQuietly(tools, 'turbo', ['run', 'build', '--output-logs=new-only']));
  await task(tools, args);
  return 0;
}

if (!existsSync(join(root, 'pnpm-lock.yaml'))) throw new Error(`${root} is not a checkout of this repository.`);
main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    if (!(error instanceof TaskFailed)) throw error;
    error.show();
    process.exitCode = error.code;
  },
);
