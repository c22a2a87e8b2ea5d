import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { AgnesError } from '@agnes/errors';

/** What of a table says where its files are. */
export interface Place {
  readonly name: string;
  /** A folder, relative to a root or absolute. */
  readonly bucket?: string | null | undefined;
  /** A file, a folder or a glob in it. */
  readonly source_table?: string | null | undefined;
}

/** The one pattern that bucket and source_table name together. Throws `source_file_not_found` when neither is there. */
export function patternOf({ name, bucket, source_table }: Place): string {
  const file = source_table ?? '';
  if (file === '' && (bucket ?? '') === '') {
    throw new AgnesError('source_file_not_found', `Table ${name} does not say which file it is.`, {
      hint: 'Set source_table to a file, a folder or a glob, such as orders/*.csv.',
    });
  }
  return isAbsolute(file) ? file : join(bucket ?? '', file);
}

/**
 * Whether a table can be registered: it names files, and names them inside the roots. The files themselves may come later.
 * Throws `source_file_not_found`, `source_path_refused` or `invalid_request`.
 */
export function checkPlace(place: Place, roots: readonly string[]): void {
  const pattern = patternOf(place);
  if (pattern.includes('\0')) {
    throw new AgnesError('invalid_request', `The path of table ${place.name} has a NUL character in it.`, {
      hint: 'Give the path as plain text.',
    });
  }
  if (!roots.some((root) => isInside(resolve(root, pattern), resolve(root)))) throw outsideOfRoots(pattern);
}

export function outsideOfRoots(pattern: string, why = 'lies outside the folders of this source'): AgnesError {
  return new AgnesError('source_path_refused', `${pattern} ${why}.`, {
    hint: 'Put the files into one of the roots of the source, or add their folder to the roots.',
    details: { pattern },
  });
}

export function isInside(path: string, root: string): boolean {
  const way = relative(root, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}
