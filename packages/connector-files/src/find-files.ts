import { access, constants, glob, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { hasErrorCode } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';
import { FORMATS, type Format } from './config.ts';
import { denied, isDenied } from './failures.ts';
import { isInside, outsideOfRoots } from './place.ts';

/** A file to read. */
export interface SourceFile {
  /** Where it really is. */
  readonly path: string;
  readonly size: number;
}

const EXTENSIONS: Readonly<Record<string, Format>> = {
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  json: 'json',
  geojson: 'json',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  parquet: 'parquet',
  pq: 'parquet',
};

/** The format that a file's name tells, also under `.gz` and `.zst` for the text formats. */
export function formatOf(path: string): Format | undefined {
  const [last, before] = basename(path).toLowerCase().split('.').slice(1).reverse();
  if ((last === 'gz' || last === 'zst') && before !== undefined) {
    const inner = EXTENSIONS[before];
    return inner === 'parquet' ? undefined : inner;
  }
  return last === undefined ? undefined : EXTENSIONS[last];
}

/**
 * The files of a pattern (a file, a folder or a glob), sorted by path. Each really lies in one of the roots: links out of
 * them, and more than `most` files, throw `source_path_refused`. When nothing matches: `source_file_not_found`; when it may
 * not be read: `source_file_invalid`.
 */
export async function findFiles(pattern: string, roots: readonly string[], most: number): Promise<SourceFile[]> {
  const realRoots = await Promise.all(roots.map(realRoot));
  for (const root of realRoots) {
    const path = resolve(root, pattern);
    if (!isInside(path, root) && !isInside(path, resolve(roots[realRoots.indexOf(root)] ?? root))) continue;
    const matches = await match(path, most);
    if (matches.length === 0) {
      await refuseUnreadableFolder(path, root);
      continue;
    }
    const files: SourceFile[] = [];
    for (const found of matches.sort()) files.push(await checkFile(found, realRoots));
    return files;
  }
  if (roots.every((root) => !isInside(resolve(root, pattern), resolve(root)))) {
    throw outsideOfRoots(pattern);
  }
  throw new AgnesError('source_file_not_found', `No file matches ${pattern} in ${roots.join(' or ')}.`, {
    hint: 'Check the folder (bucket) and the file name (source_table) of the table; letter case counts.',
    details: { pattern, roots },
  });
}

async function match(path: string, most: number): Promise<string[]> {
  const kind = await kindOf(path);
  if (kind === 'other') return [path];
  if (kind === 'folder') {
    return globbed(join(escapeGlob(path), '*'), path, most, (file) => formatOf(file) !== undefined);
  }
  if (!/[*?[\]{}]/.test(path)) return [];
  if (alternativesOf(path) > MOST_ALTERNATIVES) throw outsideOfRoots(path, 'stands for too many names');
  return globbed(path, path, most, () => true);
}

/** Braces are written out before a folder is looked into; 25 pairs of them are 33 million patterns. */
const MOST_ALTERNATIVES = 10_000;

/** In how many ways the braces of a glob can be written out, at most. */
function alternativesOf(pattern: string): number {
  let ways = 1;
  const open: number[] = [];
  for (const [piece, from, to] of pattern.matchAll(/[{},]|(-?\d+)\.\.(-?\d+)/g)) {
    const inside = open.length - 1;
    if (piece === '{') open.push(1);
    else if (piece === '}') ways *= open.pop() ?? 1;
    else if (inside >= 0)
      open[inside] = (open[inside] ?? 1) + (piece === ',' ? 1 : Math.abs(Number(from) - Number(to)));
  }
  return open.reduce((product, each) => product * each, ways);
}

/** Files that a glob names; folders and hidden names are left out, everything else is looked at later. */
async function globbed(
  pattern: string,
  shown: string,
  most: number,
  isWanted: (path: string) => boolean,
): Promise<string[]> {
  const found: string[] = [];
  for await (const path of glob(pattern)) {
    if (basename(path).startsWith('.') || !isWanted(path)) continue;
    if ((await kindOf(path)) === 'folder') continue;
    if (found.length === most) throw tooManyFiles(shown, most);
    found.push(path);
  }
  return found;
}

function tooManyFiles(pattern: string, most: number): AgnesError {
  return new AgnesError('source_path_refused', `${pattern} matches more than ${most} files.`, {
    hint: 'Name fewer of them, put the rows into fewer and larger files, or raise AGNES_FILES_MAX on the server.',
    details: { pattern, most },
  });
}

/** A glob leaves out folders that it may not look into; "nothing matches" would be half of the truth. */
async function refuseUnreadableFolder(path: string, root: string): Promise<void> {
  const fixed = path.slice(0, path.search(/[*?[\]{}]|$/));
  for (let folder = fixed === path ? dirname(path) : dirname(`${fixed}x`); ; folder = dirname(folder)) {
    try {
      await access(folder, constants.R_OK | constants.X_OK);
    } catch (error) {
      if (isDenied(error)) throw denied(folder, error);
    }
    if (folder === root || folder === dirname(folder)) return;
  }
}

/** Nothing, part of the way is a file, links in a circle, and a name too long to exist. */
const UNREACHABLE = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'];

async function kindOf(path: string): Promise<'absent' | 'folder' | 'other'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'other';
  } catch (error) {
    if (isDenied(error)) throw denied(path, error);
    if (hasErrorCode(error, ...UNREACHABLE)) return 'absent';
    throw error;
  }
}

async function checkFile(path: string, realRoots: readonly string[]): Promise<SourceFile> {
  let real: string;
  try {
    real = await realpath(path);
  } catch (error) {
    if (isDenied(error)) throw denied(path, error);
    throw new AgnesError('source_file_not_found', `${path} cannot be reached: ${(error as Error).message}`, {
      hint: 'It may be a link to something that is gone.',
      cause: error,
    });
  }
  if (!realRoots.some((root) => isInside(real, root)))
    throw outsideOfRoots(path, 'is a link out of the folders of this source');
  const info = await stat(real);
  if (info.isFile()) {
    await access(real, constants.R_OK).catch((error: unknown) => {
      throw isDenied(error) ? denied(path, error) : error;
    });
    return { path: real, size: info.size };
  }
  throw new AgnesError('source_file_invalid', `${path} is no regular file.`, {
    hint: 'Pipes, sockets and devices cannot be read as tables.',
    details: { file: path },
  });
}

async function realRoot(root: string): Promise<string> {
  try {
    return await realpath(root);
  } catch (error) {
    if (isDenied(error)) throw denied(root, error);
    throw new AgnesError('source_file_not_found', `The folder ${root} of this source is not there.`, {
      hint: 'Correct `roots` in the configuration of the source, or mount the folder.',
      cause: error,
    });
  }
}

function escapeGlob(path: string): string {
  return path.replace(/[*?[\]{}()!]/g, '[$&]');
}

/** The one format of all files. Throws `source_file_invalid` when it cannot be told or differs. */
export function commonFormat(files: readonly SourceFile[], given: Format | undefined): Format {
  if (given !== undefined) return given;
  const formats = new Set(files.map((file) => formatOf(file.path)));
  const [format] = formats;
  if (formats.size === 1 && format !== undefined) return format;
  const unknown = files.find((file) => formatOf(file.path) === undefined);
  throw new AgnesError(
    'source_file_invalid',
    unknown === undefined
      ? `The files have several formats: ${[...formats].join(', ')}, for example ${files[0]?.path}.`
      : `The format of ${unknown.path} cannot be told from its name.`,
    { hint: `Name the files by a glob such as *.csv, or set options.format to one of ${FORMATS.join(', ')}.` },
  );
}
