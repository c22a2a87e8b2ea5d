import { join, resolve } from 'node:path';
import { createExclusive, type Exclusive } from './exclusive.ts';

/** Where a store keeps its files: `<root>/sha256/ab/<hex>` for blobs, `<root>/tmp` for what is not a blob yet. */
export interface Layout {
  readonly blobs: string;
  readonly temp: string;
  /** Puts and sweeps of one blob in this process take turns, so that a reader never meets one half way. */
  readonly exclusive: Exclusive;
}

export function layoutOf(root: string): Layout {
  const absolute = resolve(root);
  return { blobs: join(absolute, 'sha256'), temp: join(absolute, 'tmp'), exclusive: createExclusive() };
}

export function isSha256(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

export function blobPath(layout: Layout, sha256: string): string {
  if (!isSha256(sha256)) {
    throw new Error(`Not a SHA-256 in lower-case hex: ${JSON.stringify(sha256)}`);
  }
  return join(layout.blobs, sha256.slice(0, 2), sha256);
}
