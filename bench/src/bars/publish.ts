import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bar } from '../bar.ts';
import { compare, timeOf } from '../compare.ts';
import { changeTable, writeManyTables } from '../setup/extract.ts';
import { type InProcess, openOrchestrator } from '../setup/orchestrator.ts';

const SMALL = 10;
const TABLE = { name: 'table_0', bytes: 64 * 1024, parts: 1 };
/** The publish does not rely on the times of files that are younger than 100 ms. */
const SETTLE_MS = 150;

export const publish: Bar = {
  name: 'publish',
  scenario: `One table of a source of ten changes, and the source is published (\`rebuildSource\`), while so many tables are registered, in sources of ten.`,
  ours: 'with so many tables registered',
  other: `the same with ${SMALL} tables registered`,
  target: { compare: 'ratio', is: 'at most', value: 1.3 },
  sizeUnit: 'tables',
  sizes: [100, 1000],
  quickSizes: [10, 30],
  rounds: 7,
  async run(size, { folder, rounds }) {
    await using many = await installation(join(folder, 'many'), size);
    await using few = await installation(join(folder, 'few'), SMALL);
    const times = await compare(rounds, many.publishChange, few.publishChange);
    return { ...times, unit: 'ms' };
  },
};

interface Installation extends AsyncDisposable {
  /** Changes one table and answers the milliseconds of publishing its source. */
  publishChange(): Promise<number>;
}

async function installation(dataDir: string, tables: number): Promise<Installation> {
  const [folder = ''] = await writeManyTables(dataDir, { count: tables, perSource: 10, bytes: TABLE.bytes });
  await sleep(SETTLE_MS);
  const inProcess: InProcess = await openOrchestrator(dataDir);
  await inProcess.orchestrator.rebuild();
  let seed = tables;
  return {
    async publishChange() {
      await changeTable(folder, TABLE, ++seed);
      await sleep(SETTLE_MS);
      return await timeOf(async () => {
        const { changed } = await inProcess.orchestrator.publish('source_0');
        if (changed.length !== 1) throw new Error(`${changed.length} tables changed instead of one.`);
      });
    },
    [Symbol.asyncDispose]: () => inProcess[Symbol.asyncDispose](),
  };
}
