import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findBadEdges } from './find-bad-edges.ts';

const TABLE = { ground: [], middle: ['ground'], feature: ['ground'], 'api-contract': [] };
const roots: string[] = [];

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

interface Planted {
  readonly files?: Readonly<Record<string, string>>;
  readonly dependencies?: readonly string[];
  readonly exports?: readonly string[];
}

/** A workspace in a temporary folder, of packages that are sound unless `packages` says otherwise. */
function plant(packages: Readonly<Record<string, Planted>>): string {
  const root = mkdtempSync(join(tmpdir(), 'edges-'));
  roots.push(root);
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write('package.json', JSON.stringify({ name: 'root', devDependencies: { vitest: '1' } }));
  for (const [name, { files = {}, dependencies = [], exports = ['.'] }] of Object.entries(packages)) {
    const listed = Object.fromEntries(dependencies.map((one) => [one, 'workspace:^']));
    const exported = Object.fromEntries(exports.map((subpath) => [subpath, './src/index.ts']));
    write(
      `packages/${name}/package.json`,
      JSON.stringify({ name: `@agnes/${name}`, dependencies: listed, exports: exported }),
    );
    write(`packages/${name}/src/index.ts`, 'export const one = 1;\n');
    for (const [path, text] of Object.entries(files)) write(`packages/${name}/${path}`, text);
  }
  return root;
}

const problems = (packages: Readonly<Record<string, Planted>>): string[] =>
  findBadEdges(plant(packages), TABLE).map(({ where, what }) => `${where}: ${what}`);

const importing = (specifier: string): Record<string, string> => ({
  'src/uses.ts': `import { one } from '${specifier}';\n`,
});

describe('an allowed workspace', () => {
  it('has no bad edges: rows of the table, http handlers on the contract, tests on the shared tools', () => {
    const found = problems({
      ground: {},
      'api-contract': {},
      middle: { dependencies: ['@agnes/ground'], files: importing('@agnes/ground') },
      feature: {
        dependencies: ['@agnes/api-contract'],
        files: {
          'src/http/handlers.ts': "import type { one } from '@agnes/api-contract';\n",
          'src/index.test.ts': "import { it } from 'vitest';\nimport { readFileSync } from 'node:fs';\n",
        },
      },
    });
    expect(found).toEqual([]);
  });
});

describe('a bad edge', () => {
  const cases: readonly [name: string, packages: Readonly<Record<string, Planted>>, expected: string][] = [
    [
      'an import that the table does not allow',
      { middle: {}, ground: { dependencies: ['@agnes/middle'], files: importing('@agnes/middle') } },
      'packages/ground/src/uses.ts: imports @agnes/middle; @agnes/ground may import: errors',
    ],
    [
      'the same as a type, in an import() type',
      {
        middle: {},
        ground: {
          dependencies: ['@agnes/middle'],
          files: { 'src/uses.ts': "export type T = import('@agnes/middle').T;\n" },
        },
      },
      'packages/ground/src/uses.ts: imports @agnes/middle; @agnes/ground may import: errors',
    ],
    [
      'a package without a row',
      { newcomer: {} },
      'packages/newcomer: @agnes/newcomer has no row in the table of edges',
    ],
    [
      'the contract outside src/http',
      {
        'api-contract': {},
        feature: { dependencies: ['@agnes/api-contract'], files: importing('@agnes/api-contract') },
      },
      'packages/feature/src/uses.ts: imports @agnes/api-contract, which only HTTP handlers may',
    ],
    [
      'a core file on its own http handlers',
      { feature: { files: { 'src/http.ts': 'export const two = 2;\n', ...importing('./http.ts') } } },
      "packages/feature/src/uses.ts: imports ./http.ts, so the HTTP handlers become part of the package's core",
    ],
    [
      'an import that package.json does not list',
      { ground: {}, middle: { files: importing('@agnes/ground') } },
      'packages/middle/src/uses.ts: imports @agnes/ground, which is not in the dependencies of its package.json',
    ],
    [
      'a library that only package.json knows',
      { ground: { dependencies: ['left-pad'] } },
      'packages/ground/package.json: lists in dependencies what no source file imports: left-pad',
    ],
    [
      'a deep import',
      { ground: {}, middle: { dependencies: ['@agnes/ground'], files: importing('@agnes/ground/src/index.ts') } },
      'packages/middle/src/uses.ts: imports @agnes/ground/src/index.ts, which that package does not export',
    ],
    [
      'a relative import into another package',
      { ground: {}, middle: { files: importing('../../ground/src/index.ts') } },
      'packages/middle/src/uses.ts: imports ../../ground/src/index.ts, outside its package',
    ],
  ];
  it.each(cases)('%s is found', (_name, packages, expected) => {
    expect(problems(packages)).toContain(expected);
  });

  it('that closes a circle is found, with the circle', () => {
    const found = problems({
      ground: { dependencies: ['@agnes/middle'], files: importing('@agnes/middle') },
      middle: { dependencies: ['@agnes/ground'], files: importing('@agnes/ground') },
    });
    expect(found).toContain('@agnes/ground: depends on itself: @agnes/ground → @agnes/middle → @agnes/ground');
  });

  it('comes with a way to put it right', () => {
    const root = plant({ middle: {}, ground: { dependencies: ['@agnes/middle'], files: importing('@agnes/middle') } });
    for (const { fix } of findBadEdges(root, TABLE)) expect(fix).toMatch(/^[A-Z].+\.$/);
  });
});
