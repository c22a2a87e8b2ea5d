// Before a release: npm's provenance wants each package to name the repository that it is published from, and a fork is another
// one than ours. Takes it from GITHUB_REPOSITORY (owner/name), writes it into the package.json files, commits nothing.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readWorkspace } from './workspace.ts';

const repository = process.env.GITHUB_REPOSITORY;
if (repository === undefined) {
  process.stderr.write('GITHUB_REPOSITORY is not set: this runs in the release workflow only.\n');
  process.exit(2);
}
const root = dirname(import.meta.dirname);
for (const { folder, manifest } of readWorkspace(root).filter((one) => one.manifest.private !== true)) {
  const path = join(root, folder, 'package.json');
  const current = JSON.parse(readFileSync(path, 'utf8')) as typeof manifest;
  const named = { type: 'git', url: `git+https://github.com/${repository}.git`, directory: folder };
  writeFileSync(path, `${JSON.stringify({ ...current, repository: named }, null, 2)}\n`);
}
