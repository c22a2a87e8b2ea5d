import { writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProcess } from '@agnes/testkit';
import type { Bar } from '../bar.ts';
import { compare } from '../compare.ts';
import { writeManyTables } from '../setup/extract.ts';
import { addReaders, fillAccess, GROUPS, PEOPLE, signInReaders } from '../setup/people.ts';
import { startServer, sync } from '../setup/server.ts';

const bareRoute = fileURLToPath(new URL('../bare/hono.mjs', import.meta.url));
const CONNECTIONS = 16;
/** People who ask, in turn. */
const READERS = 20;

interface Path {
  readonly name: string;
  readonly answer: 200 | 304;
  readonly requests: number;
  readonly target: number;
}

function manifestBar({ name, answer, requests, target }: Path): Bar {
  return {
    name,
    scenario: `Manifests of half of so many tables among ${GROUPS} groups and ${PEOPLE} people, asked for by ${READERS} of them over ${CONNECTIONS} connections and answered with ${answer}.`,
    ours: '`GET /api/sync/manifest`, authenticated',
    other: 'a bare Hono route on node that answers the same bytes to anybody',
    target: { compare: 'ratio', is: 'at least', value: target },
    sizeUnit: 'tables',
    sizes: [100, 1000],
    quickSizes: [10, 100],
    rounds: 7,
    async run(size, { folder, rounds }) {
      await writeManyTables(folder, { count: size, perSource: Math.ceil(size / 10), bytes: 4096 });
      const emails = await publish(folder);
      await fillAccess(folder, emails);
      await using server = await startServer(folder, { AGNES_AUTH_RATELIMIT_ENABLED: '0' });
      const url = `${server.url}/api/sync/manifest`;
      const ours = await Promise.all(
        (await signInReaders(server, emails)).map(async (token) => {
          const headers = { authorization: `Bearer ${token}` };
          const { etag, body } = await fetchOnce(url, headers);
          return { body, etag, headers: answer === 304 ? { ...headers, 'if-none-match': etag } : headers };
        }),
      );
      const [first] = ours;
      if (first === undefined) throw new Error('Nobody asks.');
      const file = join(folder, 'manifest.json');
      await writeFile(file, first.body);
      await using bare = await startProcess(process.execPath, [bareRoute, file, first.etag]);
      const bareUrl = await bare.waitForLine((line) => line.startsWith('http'));
      const bareHeaders = answer === 304 ? { 'if-none-match': first.etag } : {};
      const times = await compare(
        rounds,
        () => load(url, { answer, requests, headersOf: (nth) => ours[nth % ours.length]?.headers ?? {} }),
        () => load(bareUrl, { answer, requests, headersOf: () => bareHeaders }),
      );
      const perSecond = (ms: number): number => requests / (ms / 1000);
      return { ours: perSecond(times.ours), other: perSecond(times.other), unit: 'requests/s' };
    },
  };
}

/** The tables, and accounts of those who will ask. A server of its own: groups are filled in while none runs. */
async function publish(folder: string): Promise<string[]> {
  await using server = await startServer(folder);
  await sync(server, null);
  return await addReaders(server, READERS);
}

async function fetchOnce(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ etag: string; body: string }> {
  const response = await fetch(url, { headers });
  if (response.status !== 200) throw new Error(`${url} is answered with ${response.status}.`);
  return { etag: response.headers.get('etag') ?? '', body: await response.text() };
}

interface Load {
  readonly answer: number;
  readonly requests: number;
  readonly headersOf: (nth: number) => Readonly<Record<string, string>>;
}

/** Milliseconds until all are answered, over connections that stay open. */
async function load(url: string, { answer, requests, headersOf }: Load): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  let sent = 0;
  const work = async (): Promise<void> => {
    while (sent < requests) {
      const headers = headersOf(sent++);
      const status = await statusOf(url, agent, headers);
      if (status !== answer) throw new Error(`${url} is answered with ${status}, not ${answer}.`);
    }
  };
  const start = performance.now();
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, work));
  } finally {
    agent.destroy();
  }
  return performance.now() - start;
}

function statusOf(url: string, agent: Agent, headers: Readonly<Record<string, string>>): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  get(url, { agent, headers }, (response) => {
    response.resume();
    response.on('end', () => resolve(response.statusCode ?? 0));
    response.on('error', reject);
  }).on('error', reject);
  return promise;
}

export const manifestNotModified = manifestBar({ name: 'manifest-304', answer: 304, requests: 4000, target: 0.8 });
export const manifestWhole = manifestBar({ name: 'manifest-full', answer: 200, requests: 1000, target: 0.5 });
