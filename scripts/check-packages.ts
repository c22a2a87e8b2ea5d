// Packs every publishable package and checks what npm would get. Needs a build. Usage: node scripts/check-packages.ts [NAME...]
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import pLimit from 'p-limit';
import { inspectPackage } from './inspect-package.ts';
import { packPackage } from './pack-package.ts';
import { readWorkspace } from './workspace.ts';

const root = dirname(import.meta.dirname);
const chosen = process.argv.slice(2);
const packages = readWorkspace(root)
  .filter(({ manifest }) => manifest.private !== true)
  .filter(({ name }) => chosen.length === 0 || chosen.includes(name));

const limit = pLimit(availableParallelism());
const results = await Promise.all(
  packages.map(({ name, folder }) =>
    limit(async () => ({ name, problems: await inspectPackage(await packPackage(root, folder)) })),
  ),
);

for (const { name, problems } of results) {
  for (const problem of problems) process.stderr.write(`${name}: ${problem}\n`);
}
const broken = results.filter(({ problems }) => problems.length > 0).length;
process.stderr.write(`${results.length} packages packed, ${broken} with problems.\n`);
process.exitCode = broken > 0 || results.length === 0 ? 1 : 0;
