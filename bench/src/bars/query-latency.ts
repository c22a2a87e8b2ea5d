import type { Bar } from '../bar.ts';
import { compare, median, timeOf } from '../compare.ts';
import { openConnections, postQuery, startQueryServer } from '../setup/query-server.ts';

const SQL = 'SELECT kind, count(*) AS n, sum(amount) AS amount FROM measured GROUP BY kind ORDER BY kind LIMIT 5';
const SELECT = 'SELECT i AS id, i % 20 AS kind, (i * 7919) % 100000 AS amount';
/** Queries whose median is one measurement. */
const QUERIES = 15;

function queryLatency(name: string, parts: number): Bar {
  return {
    name,
    scenario: `A group-by with a result of five rows, over a table of so many rows in ${parts} ${parts === 1 ? 'part' : 'parts'}: the median of ${QUERIES} queries, one after another.`,
    ours: '`POST /api/query`, answered in JSON',
    other: 'the same SQL on a connection of node-api that is open, over the same files',
    target: { compare: 'difference', is: 'at most', value: 15 },
    sizeUnit: 'rows',
    sizes: [10_000, 100_000],
    quickSizes: [1_000, 10_000],
    rounds: 7,
    async run(size, { folder, rounds }) {
      await using all = await startQueryServer(folder, { name: 'measured', select: SELECT, rows: size, parts });
      await using bare = await openConnections('measured', all.files, 1);
      const times = await compare(
        rounds,
        () => medianOf(() => postQuery(all.server, { sql: SQL })),
        () => medianOf(() => bare.connections[0].rows(SQL)),
      );
      return { ...times, unit: 'ms' };
    },
  };
}

async function medianOf(query: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  while (times.length < QUERIES) times.push(await timeOf(query));
  return median(times);
}

export const queryLatencyOnePart = queryLatency('query-latency', 1);
export const queryLatencyManyParts = queryLatency('query-latency-parts', 200);
