import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { inspectPackage } from './inspect-package.ts';
import { packPackage } from './pack-package.ts';

const repository = dirname(import.meta.dirname);
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const sound = {
  'package.json': {
    name: '@example/sound',
    version: '1.0.0',
    description: 'Sound.',
    license: 'MIT',
    type: 'module',
    engines: { node: '>=22' },
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
    files: ['dist'],
  },
  'README.md': '# Sound\n\n```ts\nimport { one } from "@example/sound";\n```\n',
  LICENSE: 'MIT License\n',
  'dist/index.js': 'export const one = 1;\n',
  'dist/index.d.ts': "export { one } from './one.ts';\n",
  'dist/one.d.ts': 'export declare const one = 1;\n',
};

/** What is wrong with a package of these files; a file that is undefined is left out. */
async function inspect(files: Readonly<Record<string, unknown>>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'inspect-'));
  folders.push(folder);
  for (const [path, content] of Object.entries(files)) {
    if (content === undefined) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return await inspectPackage(await packPackage(repository, folder));
}

it('finds nothing in a sound package, whose declarations name each other as .ts', async () => {
  expect(await inspect(sound)).toEqual([]);
});

it.each([
  ['no README', { 'README.md': undefined }, /^README.md is missing/],
  ['a README without an example', { 'README.md': '# Sound\n' }, /no example/],
  ['no LICENSE', { LICENSE: undefined }, /^LICENSE is missing/],
  [
    'an export that was not built',
    { 'dist/index.js': undefined },
    /^export \.: \.\/dist\/index\.js is not in the package/,
  ],
  ['a missing declaration', { 'dist/one.d.ts': undefined }, /^attw: InternalResolutionError/],
  ['CommonJS in an ES module', { 'dist/index.js': 'module.exports = { one: 1 };\n' }, /^publint: /],
])('finds %s', async (_name, changed, problem) => {
  expect(await inspect({ ...sound, ...changed })).toEqual(expect.arrayContaining([expect.stringMatching(problem)]));
});

it('finds another license', async () => {
  const manifest = { ...sound['package.json'], license: 'UNLICENSED' };
  expect(await inspect({ ...sound, 'package.json': manifest })).toContain('package.json has no "license": "MIT".');
});
