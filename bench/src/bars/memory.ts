import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bar } from '../bar.ts';
import { writeExtract } from '../setup/extract.ts';
import { type OfferedPart, partsOf } from '../setup/parts-of.ts';
import { residentMiB } from '../setup/process-figures.ts';
import { type Server, startServer, sync } from '../setup/server.ts';

const CLIENTS = 50;
const PARTS = 32;
/** As many files at a time as the CLI fetches. */
const AT_A_TIME = 4;

export const memory: Bar = {
  name: 'memory',
  scenario: `${CLIENTS} clients at once, each fetching every part of a table of so many MiB in ${PARTS} parts, ${AT_A_TIME} at a time.`,
  ours: 'the most resident memory of the server’s process meanwhile, looked at every 20 ms',
  other: 'its resident memory at rest, after one client has fetched everything',
  target: { compare: 'difference', is: 'at most', value: 150 },
  sizeUnit: 'MiB a client',
  sizes: [102, 1024],
  quickSizes: [1, 10],
  rounds: 1,
  async run(size, { folder }) {
    if (process.platform === 'win32') return { skipped: 'resident memory is read on Linux and macOS only' };
    await writeExtract(folder, 'big', [{ name: 'big', bytes: size * 2 ** 20, parts: PARTS }]);
    // A start of its own: what the publish before it needed is not what a server at rest has.
    {
      await using publisher = await startServer(folder);
      await sync(publisher, null);
    }
    await using server = await startServer(folder);
    const parts = await partsOf(server);
    await fetchAll(server, parts);
    await sleep(1000);
    const rest = await residentMiB(server.pid);
    return { ours: await mostDuring(server, parts), other: rest, unit: 'MiB' };
  },
};

async function mostDuring(server: Server, parts: readonly OfferedPart[]): Promise<number> {
  let most = 0;
  let isOver = false;
  const clients = Promise.all(Array.from({ length: CLIENTS }, () => fetchAll(server, parts))).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    most = Math.max(most, await residentMiB(server.pid));
    await sleep(20);
  }
  await clients;
  return most;
}

/** Fetches every part and keeps nothing. */
async function fetchAll({ token }: Server, parts: readonly OfferedPart[]): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_A_TIME });
  const queue = parts.values();
  const fetchNext = async (): Promise<void> => {
    for (const part of queue) await fetchPart(part, token, agent);
  };
  try {
    await Promise.all(Array.from({ length: AT_A_TIME }, fetchNext));
  } finally {
    agent.destroy();
  }
}

async function fetchPart({ url, bytes }: OfferedPart, token: string, agent: Agent): Promise<void> {
  const [response] = (await once(get(url, { agent, headers: { authorization: `Bearer ${token}` } }), 'response')) as [
    IncomingMessage,
  ];
  let got = 0;
  for await (const chunk of response) got += (chunk as Buffer).length;
  if (response.statusCode !== 200 || got !== bytes) throw new Error(`${url}: ${response.statusCode}, ${got} bytes.`);
}
