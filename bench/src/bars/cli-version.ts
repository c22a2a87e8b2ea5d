import type { Bar } from '../bar.ts';
import { compare } from '../compare.ts';
import { agnesTimed } from '../setup/laptop.ts';
import { runTimed } from '../setup/run-timed.ts';
import { pulledWorkspace } from '../setup/workspace.ts';

export const cliVersion: Bar = {
  name: 'cli-version',
  scenario: 'The first thing that a script asks of the CLI, in a workspace of so many tables; from spawn to exit.',
  ours: '`agnes --version`',
  other: '`node -e 0`',
  target: { compare: 'ratio', is: 'at most', value: 1.3 },
  sizeUnit: 'tables',
  sizes: [10, 100],
  quickSizes: [1, 10],
  rounds: 15,
  async run(size, { folder, rounds }) {
    await using all = await pulledWorkspace(folder, size);
    const times = await compare(
      rounds,
      () => agnesTimed(all.laptop, ['--version']),
      () => runTimed(process.execPath, ['-e', '0'], { env: all.laptop.env }),
    );
    return { ...times, unit: 'ms' };
  },
};
