import { join } from 'node:path';
import type { Bar } from '../bar.ts';
import { bytesRead } from '../setup/process-figures.ts';
import { type Unchanged, unchangedTables } from '../setup/unchanged.ts';

const SMALL = 4 * 1024;
const BIG = 256 * 1024;
const MIB = 2 ** 20;

export const rebuildReads: Bar = {
  name: 'rebuild-reads',
  scenario: `What a full rebuild that is told to read every source (force) reads of so many unchanged tables, by the system’s own count for all processes: tables of ${BIG / 1024} KiB parquet against the same number with ${SMALL / 1024} KiB. No parquet is read again when both read the same; read again, it would be many times as much.`,
  ours: `bytes read for tables of ${BIG / 1024} KiB`,
  other: `bytes read for tables of ${SMALL / 1024} KiB`,
  target: { compare: 'ratio', is: 'at most', value: 1.02 },
  sizeUnit: 'tables',
  sizes: [100, 1000],
  quickSizes: [10, 20],
  rounds: 1,
  async run(size, { folder }) {
    if ((await bytesRead()) === undefined) return { skipped: 'the system does not say how much a process reads' };
    await using big = await unchangedTables(join(folder, 'big'), size, BIG);
    await using small = await unchangedTables(join(folder, 'small'), size, SMALL);
    const [ours, other] = [await readBy(big), await readBy(small)];
    return { ours, other, unit: 'MiB', note: `${(size * BIG) / MIB} MiB of parquet lay there at ${size} tables` };
  },
};

/** MiB that one rebuild reads. The first after a publish is left out: it may still have to settle. */
async function readBy(tables: Unchanged): Promise<number> {
  await tables.rebuild({ force: true });
  const before = (await bytesRead()) ?? 0;
  await tables.rebuild({ force: true });
  return (((await bytesRead()) ?? 0) - before) / MIB;
}
