import type { BlobStore } from '@agnes/blobs';
import { folderFingerprint } from './folder-fingerprint.ts';
import type { SourceContent } from './publish-process.ts';

/** What was read of sources, kept while their folders stay as they were: such a source is looked at, and not read. */
export interface Readings {
  /**
   * What `read` found in the folder the last time, when a look at every file shows that it would find the same; else what
   * it finds now. `force` always reads. One call at a time for a source.
   */
  contentOf(source: string, folder: string, force: boolean, read: () => Promise<SourceContent>): Promise<SourceContent>;
}

interface Kept {
  readonly fingerprint: string;
  readonly content: SourceContent;
}

/**
 * Readings of this process. They are not kept beyond it, so that another release, which may read otherwise, reads once.
 */
export function createReadings(blobs: BlobStore, now: () => Date): Readings {
  const kept = new Map<string, Kept>();
  return {
    async contentOf(source, folder, force, read) {
      const before = await folderFingerprint(folder, now());
      const last = kept.get(source);
      if (!force && last !== undefined && last.fingerprint === before && (await areStored(last.content, blobs))) {
        return last.content;
      }
      kept.delete(source);
      const content = await read();
      // The same look before and after: what was read in between is what both saw.
      if (before !== undefined && isLasting(content) && (await folderFingerprint(folder, now())) === before) {
        kept.set(source, { fingerprint: before, content });
      }
      return content;
    },
  };
}

/** Whether the same files would be read the same: nothing failed that may go well another time, no view was run. */
function isLasting({ complete, repeatable, failed, problems }: SourceContent): boolean {
  return complete && repeatable && failed.length === 0 && problems.length === 0;
}

/** Whether the store still has all parts. One that was taken away, by whomever, is made again by reading the source. */
async function areStored({ tables }: SourceContent, blobs: BlobStore): Promise<boolean> {
  for (const { parts } of tables) {
    const stored = await Promise.all(parts.map(({ sha256 }) => blobs.stat(sha256)));
    if (parts.some(({ size_bytes }, index) => stored[index]?.size_bytes !== size_bytes)) return false;
  }
  return true;
}
