import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeManyTables } from './extract.ts';
import { type InProcess, openOrchestrator } from './orchestrator.ts';

/** Published tables in ten sources whose files have come to rest, so that nothing is new to the next rebuild. */
export interface Unchanged extends AsyncDisposable {
  /** A full rebuild; throws when it found something new. `force` reads sources too that are known not to have changed. */
  rebuild(options?: { readonly force: boolean }): Promise<void>;
  /** One `stat` of every file of every extract. */
  statAll(): Promise<void>;
}

export async function unchangedTables(dataDir: string, count: number, bytes: number): Promise<Unchanged> {
  const folders = await writeManyTables(dataDir, { count, perSource: Math.ceil(count / 10), bytes });
  // Files younger than two seconds are not known again by their times.
  await sleep(2500);
  const all: InProcess = await openOrchestrator(dataDir);
  await all.orchestrator.rebuild();
  return {
    async rebuild({ force } = { force: false }) {
      const reports = await all.orchestrator.publishAll({ force });
      const published = reports.reduce((sum, report) => sum + report.published.length, 0);
      const changed = reports.flatMap((report) => report.changed);
      if (published !== count || changed.length > 0) {
        throw new Error(`Of ${count} unchanged tables ${published} were published and ${changed.length} changed.`);
      }
    },
    async statAll() {
      for (const folder of folders) {
        for (const entry of await readdir(folder, { recursive: true })) await stat(join(folder, entry));
      }
    },
    [Symbol.asyncDispose]: () => all[Symbol.asyncDispose](),
  };
}
