import { devNull } from 'node:os';
import { join } from 'node:path';
import type { Bar } from '../bar.ts';
import { compare } from '../compare.ts';
import { writeExtract } from '../setup/extract.ts';
import { serveFile } from '../setup/file-servers.ts';
import { findTool } from '../setup/find-tool.ts';
import { partsOf } from '../setup/parts-of.ts';
import { runTimed } from '../setup/run-timed.ts';
import { startServer, sync } from '../setup/server.ts';

export const serve: Bar = {
  name: 'serve',
  scenario: 'One part of so many MiB over loopback, fetched by one curl, which throws the bytes away.',
  ours: 'the server’s file route, authenticated',
  other: 'nginx with sendfile over the same file; where it is missing, node:http with reads of 1 MiB',
  target: { compare: 'ratio', is: 'at least', value: 0.9 },
  sizeUnit: 'MiB',
  sizes: [102, 1024],
  quickSizes: [1, 10],
  rounds: 9,
  async run(size, { folder, rounds }) {
    const curl = await findTool('curl');
    if (curl === undefined) return { skipped: 'curl is not installed' };
    const data = join(folder, 'data');
    await writeExtract(data, 'big', [{ name: 'big', bytes: size * 2 ** 20, parts: 1 }]);
    await using server = await startServer(data);
    await sync(server, null);
    const [part] = await partsOf(server);
    if (part === undefined) throw new Error('The table was published without a part.');
    const stored = join(data, 'blobs', 'sha256', part.sha256.slice(0, 2), part.sha256);
    await using plain = await serveFile(stored, join(folder, 'plain'));
    const flags = ['--fail', '--silent', '--show-error', '--output', devNull];
    const times = await compare(
      rounds,
      () => runTimed(curl, [...flags, '--header', `Authorization: Bearer ${server.token}`, part.url]),
      () => runTimed(curl, [...flags, plain.url]),
    );
    const speed = (ms: number): number => part.bytes / 2 ** 20 / (ms / 1000);
    return {
      ours: speed(times.ours),
      other: speed(times.other),
      unit: 'MiB/s',
      note: `the other side is ${plain.name}`,
    };
  },
};
