// Bundles the CLI into dist/ and writes the manifest of its commands. Usage: node scripts/build.ts, in this package.
import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundle } from './bundle.ts';
import { writeManifest } from './write-manifest.ts';

const root = dirname(import.meta.dirname);
const dist = join(root, 'dist');
const next = join(root, `dist.${process.pid}.next`);
const old = join(root, `dist.${process.pid}.old`);

// Swapped in whole, so that an `agnes` that runs meanwhile finds its files.
await bundle(root, next);
if (existsSync(dist)) renameSync(dist, old);
renameSync(next, dist);
rmSync(old, { recursive: true, force: true });
await writeManifest(root);
