// `npm run demo`, `npm test` and `npm run check` start here: set-up (only what is missing), build, then the task.
// Plain JavaScript without dependencies, because it runs before any are installed, on any Node from 20 on.
import { runQuietly, TaskFailed } from './setup/child.mjs';
import { environment } from './setup/environment.mjs';
import { phase } from './setup/progress.mjs';
import { tasks } from './setup/tasks.mjs';
import { ensureTools } from './setup/tools.mjs';

async function main([name = '', ...rest]) {
  if (!Object.hasOwn(tasks, name)) {
    process.stderr.write(usage());
    return name === '--help' ? 0 : 2;
  }
  const task = tasks[name];
  const args = rest.filter((arg) => arg !== '--verbose');
  const tools = await ensureTools(environment(args.length < rest.length), task.oldestNode);
  await phase('dependencies', () => runQuietly(tools, 'pnpm', ['install', '--frozen-lockfile', '--prefer-offline']));
  if (task.built) await phase('build', () => runQuietly(tools, 'turbo', ['run', 'build', '--output-logs=errors-only']));
  await task.start(tools, args);
  return 0;
}

function usage() {
  const lines = Object.entries(tasks).map(([name, { does }]) => `  ${name.padEnd(9)} ${does}\n`);
  return `Usage: node scripts/run.mjs TASK [--verbose] [ARGUMENT...]\n\n${lines.join('')}\n--verbose shows what set-up and build print.\n`;
}

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
