// Checks the edges between packages against scripts/edges.ts. Usage: node scripts/check-edges.ts [ROOT]
import { dirname } from 'node:path';
import { findBadEdges } from './find-bad-edges.ts';

const root = process.argv[2] ?? dirname(import.meta.dirname);
const bad = findBadEdges(root);
for (const { where, what, fix } of bad) process.stderr.write(`${where}\n  ${what}\n  → ${fix}\n`);
process.stderr.write(bad.length === 0 ? 'All edges between packages are allowed.\n' : `${bad.length} bad edges.\n`);
process.exitCode = bad.length === 0 ? 0 : 1;
