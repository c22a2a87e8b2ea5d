// Bundles the CLI into dist/ and writes the manifest of its commands. Usage: node scripts/build.ts, in this package.
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundle } from './bundle.ts';
import { writeManifest } from './write-manifest.ts';

const root = dirname(import.meta.dirname);
const dist = join(root, 'dist');
const aside = mkdtempSync(join(root, 'node_modules', '.build-'));

// Swapped in whole, so that an `agnes` that runs meanwhile finds its files.
try {
  await bundle(root, join(aside, 'next'));
  if (existsSync(dist)) renameSync(dist, join(aside, 'old'));
  renameSync(join(aside, 'next'), dist);
} finally {
  rmSync(aside, { recursive: true, force: true });
}
await writeManifest(root);
