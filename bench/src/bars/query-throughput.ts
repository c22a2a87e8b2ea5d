import { availableParallelism } from 'node:os';
import type { Bar } from '../bar.ts';
import { compare, timeOf } from '../compare.ts';
import { openConnections, postQuery, startQueryServer } from '../setup/query-server.ts';

const CLIENTS = 16;
const QUERIES = 64;
const SQL =
  'SELECT kind, count(*) AS n, sum(amount) AS amount, max(id) AS last FROM measured GROUP BY kind ORDER BY kind';
const SELECT = 'SELECT i AS id, i % 1000 AS kind, (i * 7919) % 100000 AS amount';

export const queryThroughput: Bar = {
  name: 'query-throughput',
  scenario: `${CLIENTS} clients that together send ${QUERIES} group-bys of 1,000 groups over a table of so many rows.`,
  ours: '`POST /api/query`, answered in JSON',
  other: 'the same SQL on a pool of open connections of node-api, one for each core, over the same files',
  target: { compare: 'ratio', is: 'at least', value: 0.9 },
  sizeUnit: 'rows',
  sizes: [1_000_000, 10_000_000],
  quickSizes: [10_000, 100_000],
  rounds: 3,
  async run(size, { folder, rounds }) {
    await using all = await startQueryServer(folder, { name: 'measured', select: SELECT, rows: size, parts: 8 });
    await using bare = await openConnections('measured', all.files, availableParallelism());
    const times = await compare(
      rounds,
      () => timeOf(() => share(CLIENTS, () => postQuery(all.server, { sql: SQL }))),
      () =>
        timeOf(() =>
          share(bare.connections.length, (worker) => (bare.connections[worker] ?? bare.connections[0]).rows(SQL)),
        ),
    );
    const perSecond = (ms: number): number => QUERIES / (ms / 1000);
    return { ours: perSecond(times.ours), other: perSecond(times.other), unit: 'queries/s' };
  },
};

/** Has so many workers send all queries, each the next one when its last is answered. */
async function share(workers: number, query: (worker: number) => Promise<unknown>): Promise<void> {
  let left = QUERIES;
  const work = async (worker: number): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await query(worker);
    }
  };
  await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
}
