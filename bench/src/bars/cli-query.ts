import { fileURLToPath } from 'node:url';
import type { Bar } from '../bar.ts';
import { compare } from '../compare.ts';
import { agnesTimed } from '../setup/laptop.ts';
import { runTimed } from '../setup/run-timed.ts';
import { pulledWorkspace } from '../setup/workspace.ts';

const bareQuery = fileURLToPath(new URL('../bare/query.mjs', import.meta.url));

export const cliQuery: Bar = {
  name: 'cli-query',
  scenario: 'The smallest query, in a workspace of so many tables; from spawn to exit.',
  ours: '`agnes query "select 1"`, which opens the workspace’s database',
  other: 'node that imports `@duckdb/node-api`, makes an empty database in memory and selects 1',
  target: { compare: 'ratio', is: 'at most', value: 1.5 },
  sizeUnit: 'tables',
  sizes: [10, 100],
  quickSizes: [1, 10],
  rounds: 15,
  async run(size, { folder, rounds }) {
    await using all = await pulledWorkspace(folder, size);
    const times = await compare(
      rounds,
      () => agnesTimed(all.laptop, ['query', 'select 1']),
      () => runTimed(process.execPath, [bareQuery], { env: all.laptop.env }),
    );
    return { ...times, unit: 'ms' };
  },
};
