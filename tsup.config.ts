import { readFileSync } from 'node:fs';
import { defineConfig } from 'tsup';

// One build for every package: its entries are the `@agnes/source` targets of its own package.json exports.
// Declarations come from tsc (tsconfig.build.json), because tsup cannot drive TypeScript 7.
const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports: Record<string, string | { '@agnes/source'?: string }>;
};
const entry = Object.values(exports).flatMap((target) =>
  typeof target === 'object' && target['@agnes/source'] ? [target['@agnes/source']] : [],
);

export default defineConfig({
  entry,
  format: ['esm'],
  target: 'node22',
  platform: 'node',
  splitting: true,
  sourcemap: true,
  clean: true,
  dts: false,
  // `node:sqlite` has no name without its scheme.
  removeNodeProtocol: false,
});
