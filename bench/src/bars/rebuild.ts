import type { Bar } from '../bar.ts';
import { compare, timeOf } from '../compare.ts';
import { unchangedTables } from '../setup/unchanged.ts';

export const rebuild: Bar = {
  name: 'rebuild',
  scenario: 'A full rebuild of so many unchanged tables in ten sources.',
  ours: '`rebuild`: one look at every file and part, and the catalog; no source is read',
  other: 'one `stat` pass over the same files',
  // What it is held to is that nothing is read again: rebuild-reads.
  target: undefined,
  sizeUnit: 'tables',
  sizes: [100, 1000],
  quickSizes: [10, 20],
  rounds: 5,
  async run(size, { folder, rounds }) {
    await using all = await unchangedTables(folder, size, 16 * 1024);
    const times = await compare(
      rounds,
      () => timeOf(() => all.rebuild()),
      () => timeOf(all.statAll),
    );
    return { ...times, unit: 'ms' };
  },
};
