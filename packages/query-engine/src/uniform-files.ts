import type { WorkerTable } from './protocol.ts';
import type { WorkerPool } from './worker-pool.ts';

/** Knows of which versions all files have the same columns. Until it does, they are taken for different. */
export type UniformFiles = (versionId: string, table: Pick<WorkerTable, 'files' | 'columns'>) => boolean;

const MOST_HELD = 10_000;

/** Looks at the files of a version behind the first query over it: to know it beforehand would cost that query more. */
export function createUniformFiles(pool: WorkerPool): UniformFiles {
  const known = new Map<string, boolean>();
  return (versionId, { files, columns }) => {
    // The columns of a version of one file are those of the file.
    if (files.length <= 1) return true;
    const uniform = known.get(versionId);
    if (uniform !== undefined) return uniform;
    if (known.size >= MOST_HELD) known.clear();
    known.set(versionId, false);
    pool
      .use(({ ask }) => ask({ type: 'inspect', files: [...files], columns: [...columns] }, 'inspected'))
      .then(
        (answer) => known.set(versionId, answer.uniform),
        // Not known: it is asked again, and the query itself says what is wrong with a file.
        () => known.delete(versionId),
      );
    return false;
  };
}
