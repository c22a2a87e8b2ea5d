import { checkPackage, createPackageFromTarballData, type Package } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import type { Manifest } from './workspace.ts';

interface Packed {
  readonly manifest: Manifest & { readonly license?: string; readonly description?: string; readonly types?: string };
  readonly read: (path: string) => string | undefined;
}

/** Everything that is wrong with a packed package, each in a sentence; empty when it may be published. */
export async function inspectPackage(tarball: Uint8Array<ArrayBuffer>): Promise<string[]> {
  const content = createPackageFromTarballData(tarball);
  const folder = `/node_modules/${content.packageName}`;
  const read = (path: string): string | undefined => content.tryReadFile(`${folder}/${path}`);
  const manifest = JSON.parse(read('package.json') ?? '{}') as Packed['manifest'];
  const packed = { manifest, read };
  return [
    ...checkManifest(packed),
    ...checkPages(packed),
    ...checkTargets(packed),
    ...(await lint(tarball)),
    ...(isLibrary(manifest) ? await checkTypes(content) : []),
  ];
}

/** A package of commands only (the CLI) exports nothing that has types. */
function isLibrary({ exports = {} }: Manifest): boolean {
  return Object.keys(exports).some((subpath) => subpath !== './package.json');
}

function checkManifest({ manifest }: Packed): string[] {
  const problems: string[] = [];
  if (manifest.license !== 'MIT') problems.push('package.json has no "license": "MIT".');
  if (!manifest.description) problems.push('package.json has no description.');
  if (manifest.exports === undefined) problems.push('package.json has no exports.');
  for (const [name, range] of Object.entries({ ...manifest.dependencies, ...manifest.peerDependencies })) {
    if (/^(workspace|catalog|file|link):/.test(range))
      problems.push(`dependency ${name} is "${range}", a local range.`);
  }
  return problems;
}

function checkPages({ read }: Packed): string[] {
  const problems: string[] = [];
  const readme = read('README.md');
  if (readme === undefined) problems.push('README.md is missing.');
  else if (!/^```\w/m.test(readme)) problems.push('README.md shows no example (a fenced block of code).');
  if (!read('LICENSE')?.includes('MIT License')) problems.push('LICENSE is missing or not MIT.');
  return problems;
}

/** Each export says where its types and its code are, and both are in the tarball. */
function checkTargets({ manifest, read }: Packed): string[] {
  const missing = (path: string): boolean => read(path.replace(/^\.\//, '')) === undefined;
  return Object.entries(manifest.exports ?? {}).flatMap(([subpath, target]) => {
    if (typeof target === 'string')
      return missing(target) ? [`export ${subpath}: ${target} is not in the package.`] : [];
    const conditions = target as Readonly<Record<string, string>>;
    const problems = Object.values(conditions).filter(missing);
    return [
      ...problems.map((path) => `export ${subpath}: ${path} is not in the package (was it built?).`),
      ...('types' in conditions ? [] : [`export ${subpath} has no types.`]),
    ];
  });
}

async function lint(tarball: Uint8Array<ArrayBuffer>): Promise<string[]> {
  const { messages, pkg } = await publint({ pack: { tarball: tarball.buffer }, strict: true });
  return messages
    .filter(({ type }) => type !== 'suggestion')
    .map((message) => `publint: ${formatMessage(message, pkg, { color: false }) ?? message.code}`);
}

// Packages are ESM only for Node: what a CommonJS caller or a resolver without exports would see is not promised.
const PROMISED = ['node16-esm', 'bundler'];

async function checkTypes(content: Package): Promise<string[]> {
  const analysis = await checkPackage(content);
  if (analysis.types === false) return ['attw: the package has no types.'];
  return analysis.problems
    .filter((problem) => !('resolutionKind' in problem) || PROMISED.includes(problem.resolutionKind))
    .map((problem) => {
      const at = 'entrypoint' in problem ? ` at ${problem.entrypoint} (${problem.resolutionKind})` : '';
      return `attw: ${problem.kind}${at}`;
    });
}
