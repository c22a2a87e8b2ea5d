import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bar } from '../bar.ts';
import { compare } from '../compare.ts';
import { writeExtract } from '../setup/extract.ts';
import { findTool } from '../setup/find-tool.ts';
import { initialise, signedInLaptop } from '../setup/laptop.ts';
import { type OfferedPart, partsOf } from '../setup/parts-of.ts';
import { runTimed } from '../setup/run-timed.ts';
import { type Server, startServer, sync } from '../setup/server.ts';

const PARTS = 32;

export const pull: Bar = {
  name: 'pull',
  scenario: `A first pull over loopback of one table of so many MiB in ${PARTS} parts, verified.`,
  ours: '`agnes init`: makes the workspace, downloads, checks, syncs to disk, makes the views',
  other: '`curl --parallel` of the same urls into files, then `sha256sum --check`',
  target: { compare: 'ratio', is: 'at most', value: 1.2 },
  sizeUnit: 'MiB',
  sizes: [102, 1024],
  quickSizes: [1, 10],
  rounds: 5,
  async run(size, { folder, rounds }) {
    const [curl, sha256sum] = [await findTool('curl'), await findTool('sha256sum')];
    if (curl === undefined) return { skipped: 'curl is not installed' };
    if (sha256sum === undefined) return { skipped: 'sha256sum is not installed' };
    const data = join(folder, 'data');
    await writeExtract(data, 'big', [{ name: 'big', bytes: size * 2 ** 20, parts: PARTS }]);
    await using server = await startServer(data);
    await sync(server, null);
    const parts = await partsOf(server);
    const times = await compare(
      rounds,
      () => pullOnce(server),
      () => curlOnce({ curl, sha256sum, server, parts, folder: join(folder, 'curl') }),
    );
    return { ours: times.ours / 1000, other: times.other / 1000, unit: 's' };
  },
};

async function pullOnce(server: Server): Promise<number> {
  await using laptop = await signedInLaptop(server);
  return await initialise(laptop, server);
}

interface Curl {
  readonly curl: string;
  readonly sha256sum: string;
  readonly server: Server;
  readonly parts: readonly OfferedPart[];
  readonly folder: string;
}

async function curlOnce({ curl, sha256sum, server, parts, folder }: Curl): Promise<number> {
  await mkdir(folder);
  const files = parts.map(({ sha256, url }) => `url = "${url}"\noutput = "${sha256}"\n`);
  await writeFile(join(folder, 'curl.config'), `header = "Authorization: Bearer ${server.token}"\n${files.join('')}`);
  await writeFile(join(folder, 'sums'), parts.map(({ sha256 }) => `${sha256}  ${sha256}\n`).join(''));
  const flags = ['--parallel', '--fail', '--silent', '--show-error', '--config', 'curl.config'];
  const fetched = await runTimed(curl, flags, { cwd: folder });
  const checked = await runTimed(sha256sum, ['--check', '--quiet', 'sums'], { cwd: folder });
  await rm(folder, { recursive: true });
  return fetched + checked;
}
