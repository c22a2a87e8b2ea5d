import { UNIMPORTED } from './edges.ts';
import type { BadEdge } from './find-bad-edges.ts';
import { type ImportingFile, splitSpecifier } from './imports.ts';
import type { WorkspacePackage } from './workspace.ts';

/** What a package.json lists and no file of the package imports. */
export function findUnused({ name, folder, manifest }: WorkspacePackage, files: readonly ImportingFile[]): BadEdge[] {
  const importedBy = (some: readonly ImportingFile[]): Set<string> =>
    new Set(some.flatMap(({ specifiers }) => specifiers.map((specifier) => splitSpecifier(specifier).packageName)));
  const everywhere = importedBy(files);
  const isTestPackage = files.every(({ isForDevelopment }) => isForDevelopment);
  const inSource = isTestPackage ? everywhere : importedBy(files.filter(({ isForDevelopment }) => !isForDevelopment));
  const excused = UNIMPORTED[name] ?? {};
  const where = `${folder}/package.json`;
  const report = (field: 'dependencies' | 'devDependencies', used: ReadonlySet<string>, by: string): BadEdge[] => {
    const unused = Object.keys(manifest[field] ?? {}).filter(
      (listed) => !used.has(listed) && !Object.hasOwn(excused, listed) && !listed.startsWith('@types/'),
    );
    if (unused.length === 0) return [];
    const onlyInTests = unused.filter((listed) => everywhere.has(listed));
    const move = onlyInTests.length > 0 ? `; only tests import ${onlyInTests.join(', ')}: move to devDependencies` : '';
    return [{ where, what: `lists in ${field} what no ${by} imports: ${unused.join(', ')}`, fix: `Remove it${move}.` }];
  };
  return [...report('dependencies', inSource, 'source file'), ...report('devDependencies', everywhere, 'file')];
}

/** Packages that depend on themselves by way of others; tests count, because the build order counts them. */
export function findCycles(workspace: readonly WorkspacePackage[]): BadEdge[] {
  const ours = new Set(workspace.map(({ name }) => name));
  const next = new Map(
    workspace.map(({ name, manifest }) => [
      name,
      Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).filter((to) => ours.has(to)),
    ]),
  );
  const done = new Set<string>();
  const cycles: string[][] = [];
  const visit = (name: string, path: readonly string[]): void => {
    const at = path.indexOf(name);
    if (at >= 0) cycles.push([...path.slice(at), name]);
    if (at >= 0 || done.has(name)) return;
    for (const to of next.get(name) ?? []) visit(to, [...path, name]);
    done.add(name);
  };
  for (const { name } of workspace) visit(name, []);
  return cycles.map((cycle) => ({
    where: cycle[0] ?? '',
    what: `depends on itself: ${cycle.join(' → ')}`,
    fix: 'Remove one of these dependencies from its package.json.',
  }));
}
