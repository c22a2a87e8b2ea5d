import type { Tally } from './tally.ts';

/** A table whose every row carries the number of its publish, in several files. */
export interface LiveTable {
  readonly name: string;
  /** The publish that the server has said is done: an answer to a question asked later must not be older. */
  published: number;
}

/** What the publisher has done, for the clients to hold their answers against. */
export interface World {
  readonly live: readonly LiveTable[];
  /** The table that is granted and taken back. `changes` moves before a change is asked for and again when it is done. */
  readonly onAndOff: { readonly name: string; granted: boolean; changes: number };
  readonly tally: Tally;
  readonly signal: AbortSignal;
}
