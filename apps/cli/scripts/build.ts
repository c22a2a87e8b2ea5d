// Bundles the CLI and writes the manifest of its commands. Usage: node scripts/build.ts [OUTPUT_FOLDER]
// With a folder, everything that npm would get is put there, runnable; without, dist/ beside the sources.
import { cp, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { bundle } from './bundle.ts';
import { writeManifest } from './write-manifest.ts';

const root = join(import.meta.dirname, '..');
const output = process.argv[2] === undefined ? root : resolve(process.argv[2]);
if (output !== root) {
  await mkdir(output, { recursive: true });
  await cp(join(root, 'bin'), join(output, 'bin'), { recursive: true });
  await cp(join(root, 'package.json'), join(output, 'package.json'));
}
await bundle(root, join(output, 'dist'));
await writeManifest(output);
