import type { Bar } from '../bar.ts';
import { compare } from '../compare.ts';
import { agnesTimed } from '../setup/laptop.ts';
import { runTimed } from '../setup/run-timed.ts';
import { pulledWorkspace } from '../setup/workspace.ts';

export const cliCommand: Bar = {
  name: 'cli-command',
  scenario: 'A command that needs neither SQL nor the server, in a workspace of so many tables; from spawn to exit.',
  ours: '`agnes status`',
  other: '`node -e 0`',
  target: { compare: 'ratio', is: 'at most', value: 3.5 },
  sizeUnit: 'tables',
  sizes: [10, 100],
  quickSizes: [1, 10],
  rounds: 15,
  async run(size, { folder, rounds }) {
    await using all = await pulledWorkspace(folder, size);
    const times = await compare(
      rounds,
      () => agnesTimed(all.laptop, ['status']),
      () => runTimed(process.execPath, ['-e', '0'], { env: all.laptop.env }),
    );
    return { ...times, unit: 'ms' };
  },
};
