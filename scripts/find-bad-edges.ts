import { isBuiltin } from 'node:module';
import { join, posix } from 'node:path';
import { findCycles, findUnused } from './dependencies.ts';
import { CONTRACT_PACKAGES, EDGES, HTTP_ONLY } from './edges.ts';
import { type ImportingFile, readImports, splitSpecifier } from './imports.ts';
import { readManifest, readWorkspace, type WorkspacePackage } from './workspace.ts';

/** Something that breaks the table of edges: where, what, and how to put it right. */
export interface BadEdge {
  readonly where: string;
  readonly what: string;
  readonly fix: string;
}

const SCOPE = '@agnes/';
const short = (name: string): string => name.replace(SCOPE, '');

/** Holds every import and every package.json of the workspace at `root` against the table in edges.ts. */
export function findBadEdges(root: string, edges: Readonly<Record<string, readonly string[]>> = EDGES): BadEdge[] {
  const workspace = readWorkspace(root);
  const byName = new Map(workspace.map((one) => [one.name, one]));
  const shared = Object.keys(readManifest(root).devDependencies ?? {});
  const found = workspace.flatMap((one) => {
    const files = readImports(join(root, one.folder));
    return [
      ...checkRow(one, edges),
      ...files.flatMap((file) => checkFile(one, file, { edges, byName, shared })),
      ...findUnused(one, files),
    ];
  });
  return [...found, ...findCycles(workspace)];
}

interface Context {
  readonly edges: Readonly<Record<string, readonly string[]>>;
  readonly byName: ReadonlyMap<string, WorkspacePackage>;
  /** What the root offers to every test: vitest and the like. */
  readonly shared: readonly string[];
}

/** Whether the table has a say: apps compose, and private packages (tests) look at everything. */
function isBound(one: WorkspacePackage): boolean {
  return one.kind === 'packages' && one.manifest.private !== true;
}

function checkRow(one: WorkspacePackage, edges: Context['edges']): BadEdge[] {
  if (!isBound(one) || Object.hasOwn(edges, short(one.name))) return [];
  const what = `${one.name} has no row in the table of edges`;
  return [{ where: one.folder, what, fix: 'Add a row to scripts/edges.ts with the packages that it may import.' }];
}

function checkFile(one: WorkspacePackage, file: ImportingFile, context: Context): BadEdge[] {
  const where = `${one.folder}/${file.path}`;
  return file.specifiers.flatMap((specifier) => {
    if (specifier.startsWith('.')) return checkRelative(file, specifier, where);
    if (isBuiltin(specifier)) return [];
    const { packageName, subpath } = splitSpecifier(specifier);
    if (packageName === one.name) return [];
    return [
      ...checkListed(one, file, packageName, where, context.shared),
      ...checkHttpOnly(one, file, packageName, where),
      ...checkOurs(one, file, { packageName, subpath, where }, context),
    ];
  });
}

function checkRelative(file: ImportingFile, specifier: string, where: string): BadEdge[] {
  const target = posix.join(posix.dirname(file.path), specifier);
  if (target.startsWith('..')) {
    return [
      {
        where,
        what: `imports ${specifier}, outside its package`,
        fix: 'Import the other package by its name instead.',
      },
    ];
  }
  if (isHttp(target) && !isHttp(file.path) && !file.isForDevelopment) {
    const what = `imports ${specifier}, so the HTTP handlers become part of the package's core`;
    return [{ where, what, fix: 'Move what is shared out of src/http; only the ./http subpath exports the handlers.' }];
  }
  return [];
}

function isHttp(path: string): boolean {
  return path === 'src/http.ts' || path.startsWith('src/http/');
}

function checkListed(
  one: WorkspacePackage,
  file: ImportingFile,
  packageName: string,
  where: string,
  shared: readonly string[],
): BadEdge[] {
  const { dependencies, devDependencies, peerDependencies } = one.manifest;
  const listed = { ...dependencies, ...peerDependencies, ...(file.isForDevelopment ? devDependencies : {}) };
  if (Object.hasOwn(listed, packageName) || (file.isForDevelopment && shared.includes(packageName))) return [];
  const field = file.isForDevelopment ? 'devDependencies' : 'dependencies';
  const what = `imports ${packageName}, which is not in the ${field} of its package.json`;
  return [{ where, what, fix: `Add "${packageName}" there, or do without it.` }];
}

function checkHttpOnly(one: WorkspacePackage, file: ImportingFile, packageName: string, where: string): BadEdge[] {
  const exempt =
    !isBound(one) || CONTRACT_PACKAGES.includes(short(one.name)) || file.isForDevelopment || isHttp(file.path);
  if (exempt || !HTTP_ONLY.includes(packageName)) return [];
  const what = `imports ${packageName}, which only HTTP handlers may`;
  return [{ where, what, fix: 'Move this code to src/http.ts or src/http/, or take what it needs as an argument.' }];
}

function checkOurs(
  one: WorkspacePackage,
  file: ImportingFile,
  { packageName, subpath, where }: { packageName: string; subpath: string; where: string },
  { edges, byName }: Context,
): BadEdge[] {
  const target = byName.get(packageName);
  if (target === undefined) {
    if (!packageName.startsWith(SCOPE)) return [];
    return [
      { where, what: `imports ${packageName}, which is no package of this repository`, fix: 'Correct the name.' },
    ];
  }
  const bad: BadEdge[] = [];
  if (!Object.hasOwn(target.manifest.exports ?? {}, subpath)) {
    const what = `imports ${packageName}${subpath.slice(1)}, which that package does not export`;
    bad.push({ where, what, fix: `Import a name that ${packageName} exports, or add the subpath to its exports.` });
  }
  if (file.isForDevelopment) return bad;
  if (target.kind === 'apps') {
    bad.push({ where, what: `imports ${packageName}, an app`, fix: 'Move what is shared into a package.' });
  } else if (isBound(one) && !isAllowed(short(one.name), short(packageName), file, edges)) {
    const allowed = ['errors', ...(edges[short(one.name)] ?? [])].join(', ');
    const what = `imports ${packageName}; ${one.name} may import: ${allowed}`;
    bad.push({ where, what, fix: 'Turn the dependency round or pass it in; else change the row in scripts/edges.ts.' });
  }
  return bad;
}

function isAllowed(from: string, to: string, file: ImportingFile, edges: Context['edges']): boolean {
  if (to === 'errors' || edges[from]?.includes(to)) return true;
  return isHttp(file.path) && HTTP_ONLY.includes(SCOPE + to);
}
