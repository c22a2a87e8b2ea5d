import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { hasErrorCode } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';

/** The folder of a source: the one place that its extract may speak of. */
export interface SourceFolder {
  readonly source: string;
  /** As given; views that were written here name it. */
  readonly path: string;
  /** The same folder without links on the way. */
  readonly root: string;
}

/** Throws `extract_unreadable` when the folder is a link, or no folder. */
export async function openSourceFolder(source: string, path: string): Promise<SourceFolder> {
  const given = resolve(path);
  const root = await realpath(given);
  // The way to the folder may have links (an operator's choice), the folder itself may not (a connector's doing).
  if (root !== join(await realpath(dirname(given)), basename(given)) || !(await lstat(root)).isDirectory()) {
    throw new AgnesError('extract_unreadable', `The folder of source ${source} is a symbolic link or no folder.`, {
      hint: 'Replace the link with the folder itself.',
    });
  }
  return { source, path: given, root };
}

/**
 * Where a path of a view lies in this folder. A path that was written elsewhere (`…/extracts/<source>/…`) is looked up here.
 * Throws `publish_refused` for a path that leads out of the folder, and for a URL.
 */
export function locate(folder: SourceFolder, path: string): string {
  if (/^[a-z][a-z0-9+.-]+:/i.test(path)) {
    throw new AgnesError(
      'publish_refused',
      `${JSON.stringify(path)} is a URL; an extract's files lie in its own folder.`,
      {
        hint: 'Let the connector download the data into its data folder.',
      },
    );
  }
  for (const base of [folder.path, folder.root]) {
    const inside = within(base, resolve(base, path));
    if (inside !== undefined) return join(folder.root, inside);
  }
  const marker = `/extracts/${folder.source}/`;
  const slashed = path.replaceAll('\\', '/');
  const at = slashed.lastIndexOf(marker);
  if (at >= 0) {
    const inside = within(folder.root, resolve(folder.root, slashed.slice(at + marker.length)));
    if (inside !== undefined) return join(folder.root, inside);
  }
  throw outside(path);
}

/** The path of a regular file from the folder, with slashes. Throws `publish_refused` when a link leads out or to it. */
export async function checkRegularFile(folder: SourceFolder, path: string): Promise<string> {
  const inside = within(folder.root, path);
  if (inside === undefined) throw outside(path);
  const name = inside.replaceAll(sep, '/');
  try {
    if ((await realpath(path)) !== path) {
      throw new AgnesError('publish_refused', `${name} is, or lies behind, a symbolic link.`, {
        hint: "Put the file itself into the source's data folder.",
      });
    }
    if (!(await stat(path)).isFile()) {
      throw new AgnesError('publish_refused', `${name} is no regular file.`, {
        hint: 'Let the view name parquet files, or a glob that matches them.',
      });
    }
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw missing(name, error);
    throw error;
  }
  return name;
}

export function missing(name: string, cause?: unknown): AgnesError {
  return new AgnesError('extract_invalid', `${name} is named by the extract but is not there.`, {
    hint: 'Run the sync again, so that the extract is written anew.',
    cause,
  });
}

function outside(path: string): AgnesError {
  return new AgnesError('publish_refused', `${JSON.stringify(path)} lies outside the source's own folder.`, {
    hint: "Put the file into the source's data folder.",
  });
}

/** The path from `base`, when it stays inside. */
function within(base: string, path: string): string | undefined {
  const inside = relative(base, path);
  const leaves = inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside);
  return leaves ? undefined : inside;
}
