import type { Row } from '@agnes/duckdb';
import type { Tree } from '@agnes/testkit';

/** What has to become of a table whose files are bad. A text that is looked for may be a part of what is said. */
export type Expected =
  /** Published, and every value is that of the file. */
  | { readonly outcome: 'published'; readonly table: Content }
  /** The same, and each of these is said of it: file, line and column, as far as there are such. */
  | { readonly outcome: 'warned'; readonly table: Content; readonly warnings: readonly Said[] }
  /** Not published: readers keep the good version that was there. */
  | { readonly outcome: 'refused'; readonly says: Said };

/** A code, and words that the message has to have. */
export interface Said {
  readonly code: string;
  readonly words: readonly (string | RegExp)[];
}

/** Columns in their order with their types, and all rows; or, of a large table, their number and what a query finds. */
export interface Content {
  readonly types: Readonly<Record<string, string>>;
  readonly rows?: readonly Row[];
  readonly count?: number;
  readonly query?: { readonly sql: string; readonly rows: readonly Row[] };
}

/** One kind of bad input. It has a folder and a table of its own, named after it. */
export interface Case {
  /** Of the table: letters, digits, underscores. */
  readonly name: string;
  /** The one file, folder or glob in its folder that the table is registered with. Default: the one file of `bad`. */
  readonly source?: string;
  readonly columnTypes?: Readonly<Record<string, string>>;
  /** What is there at the first sync. Default: one good row in the form that the source's extension asks for. */
  readonly good?: Tree;
  /** What is there, and nothing else, at the second; or what makes it in the folder. */
  readonly bad: Tree | ((folder: string) => Promise<void>);
  readonly expected: Expected;
}

export const GOOD_ROWS: readonly Row[] = [{ id: 1, v: 'good' }];

export function published(types: Content['types'], rows: readonly Row[]): Expected {
  return { outcome: 'published', table: { types, rows } };
}

export function warned(types: Content['types'], rows: readonly Row[], ...warnings: readonly Said[]): Expected {
  return { outcome: 'warned', table: { types, rows }, warnings };
}

export function refused(code: string, ...words: readonly (string | RegExp)[]): Expected {
  return { outcome: 'refused', says: { code, words } };
}

export function said(code: string, ...words: readonly (string | RegExp)[]): Said {
  return { code, words };
}
