import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { parseSync } from 'oxc-parser';

/** What one source file asks for by name. */
export interface ImportingFile {
  /** Path inside its package, with `/`. */
  readonly path: string;
  /** A test or a build script: nothing that users of the package run. */
  readonly isForDevelopment: boolean;
  readonly specifiers: readonly string[];
}

const SOURCE_FOLDERS = ['src', 'bin', 'scripts', 'test'];
// Not in a module record: dynamic imports, imports inside types, and entries that another process is started with.
const CALLED = /\bimport(?:\.meta\.resolve)?\(\s*['"`]([^'"`$]+)['"`]/g;

/** The imports of every source file of a package; a package without the usual folders is read whole (tests only). */
export function readImports(folder: string): ImportingFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[mc]?[jt]s$/.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => isSource(path))
    .sort()
    .map((path) => ({ path, isForDevelopment: isForDevelopment(path), specifiers: importsOf(join(folder, path)) }));
}

function isSource(path: string): boolean {
  const [first = '', ...rest] = path.split('/');
  if (path.includes('node_modules/') || first === 'dist') return false;
  return SOURCE_FOLDERS.includes(first) || (rest.length === 0 && !path.includes('.config.')) || isForDevelopment(path);
}

function isForDevelopment(path: string): boolean {
  return (
    /\.test(-setup)?\.ts$/.test(path) || /(^|\/)(test|testing|fixtures)\//.test(path) || path.startsWith('scripts/')
  );
}

function importsOf(file: string): string[] {
  const source = readFileSync(file, 'utf8');
  const { module, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0]?.message}`);
  const requests = [
    ...module.staticImports.map((statement) => statement.moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []),
    ),
    ...[...source.matchAll(CALLED)].flatMap(([, specifier]) => specifier ?? []),
  ];
  return [...new Set(requests)];
}

/** `@scope/name/sub/path` → its package name and its subpath (`.` or `./sub/path`). */
export function splitSpecifier(specifier: string): { packageName: string; subpath: string } {
  const parts = specifier.split('/');
  const length = specifier.startsWith('@') ? 2 : 1;
  const rest = parts.slice(length).join('/');
  return { packageName: parts.slice(0, length).join('/'), subpath: rest === '' ? '.' : `./${rest}` };
}
