import { fileURLToPath } from 'node:url';
import type { Bar } from '../bar.ts';
import { compare } from '../compare.ts';
import { agnesTimed } from '../setup/laptop.ts';
import { runTimed } from '../setup/run-timed.ts';
import { pulledWorkspace } from '../setup/workspace.ts';

const bareRequest = fileURLToPath(new URL('../bare/request.mjs', import.meta.url));

export const pullNothingNew: Bar = {
  name: 'pull-nothing-new',
  scenario:
    'A pull into a workspace of so many tables that has everything: one request, answered by 304; from spawn to exit.',
  ours: '`agnes pull`',
  other: 'node that sends the same request by node:http and ends',
  target: { compare: 'ratio', is: 'at most', value: 3 },
  sizeUnit: 'tables',
  sizes: [100, 1000],
  quickSizes: [1, 10],
  rounds: 15,
  async run(size, { folder, rounds }) {
    await using all = await pulledWorkspace(folder, size);
    const { url, token, client } = all.server;
    const manifest = await client.raw('syncManifest', {});
    await manifest.text();
    const args = [bareRequest, `${url}/api/sync/manifest`, token, manifest.headers.get('etag') ?? ''];
    const times = await compare(
      rounds,
      () => agnesTimed(all.laptop, ['pull']),
      () => runTimed(process.execPath, args, { env: all.laptop.env }),
    );
    return { ...times, unit: 'ms' };
  },
};
