import { administer, type PostgresServer, type RunningServer, startPostgres, startServer } from '@agnes/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, signIn } from './testing/api.ts';

let postgres: PostgresServer;
let server: RunningServer;
let admin: Api;

beforeAll(async () => {
  postgres = await startPostgres();
  server = await startServer({ env: { AGNES_ROLE: 'api', AGNES_STATE_URL: postgres.url } });
  admin = await signIn(server.url, server.admin.email, server.admin.password);
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await postgres?.[Symbol.asyncDispose]();
});

interface Counts {
  answered: number;
  refused: number;
  wrong: number;
}

/** Calls one after another until told to stop. Anything but the wanted status, or a 503 that says when to return, is wrong. */
function keepCalling(call: (round: number) => ReturnType<Api>, wanted: number, counts: Counts) {
  let stopped = false;
  const loop = async (): Promise<void> => {
    for (let round = 0; !stopped; round += 1) {
      const { status, headers, body } = await call(round);
      if (status === wanted) counts.answered += 1;
      else if (status === 503 && body.code === 'unavailable' && Number(headers.get('retry-after')) > 0)
        counts.refused += 1;
      else {
        counts.wrong += 1;
        process.stdout.write(`unexpected ${status}: ${JSON.stringify(body)}\n`);
      }
    }
  };
  const ended = loop();
  return () => {
    stopped = true;
    return ended;
  };
}

const someRequests = async (counts: Counts, enough: number): Promise<void> => {
  const goal = counts.answered + counts.refused + counts.wrong + enough;
  while (counts.answered + counts.refused + counts.wrong < goal)
    await new Promise((resolve) => setTimeout(resolve, 10));
};

describe('the database goes away under a running server', () => {
  test('sessions that are ended during reads and writes: an answer or a 503 with Retry-After, and nothing acknowledged is lost', async () => {
    const reads: Counts = { answered: 0, refused: 0, wrong: 0 };
    const writes: Counts = { answered: 0, refused: 0, wrong: 0 };
    const acknowledged: string[] = [];
    const stops = [1, 2, 3].map(() => keepCalling(() => admin('syncManifest'), 200, reads));
    stops.push(
      keepCalling(
        async (round) => {
          const answer = await admin('createGroup', { body: { name: `g${round}` } });
          if (answer.status === 201) acknowledged.push(`g${round}`);
          return answer;
        },
        201,
        writes,
      ),
    );
    let ended = 0;
    for (let round = 0; round < 15; round += 1) {
      await someRequests(reads, 5);
      const rows = await administer(
        postgres.url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'agnes process%'",
      );
      ended += rows.length;
      // Sessions that end all the time leave a write no time to be answered.
      const { answered } = writes;
      while (round % 3 === 0 && writes.answered === answered) await someRequests(reads, 1);
    }
    await Promise.all(stops.map((stop) => stop()));
    process.stdout.write(`sessions ended: ${JSON.stringify({ ended, reads, writes })}\n`);
    expect([reads.wrong, writes.wrong]).toEqual([0, 0]);
    expect(reads.answered).toBeGreaterThan(0);
    expect(writes.answered).toBeGreaterThan(0);
    const { body } = await admin('listGroups');
    const names = new Set((body.groups ?? body).map(({ name }: { name: string }) => name));
    expect(acknowledged.filter((name) => !names.has(name))).toEqual([]);
  });

  test('a database server that crashes and comes back: 503 meanwhile, then all is as before, with no person', async () => {
    const { pid } = server;
    const before = await admin('syncManifest');
    const counts: Counts = { answered: 0, refused: 0, wrong: 0 };
    const stops = [
      keepCalling(() => admin('syncManifest'), 200, counts),
      keepCalling((round) => admin('createGroup', { body: { name: `after ${round}` } }), 201, counts),
    ];
    for (let round = 0; round < 2; round += 1) {
      await someRequests(counts, 10);
      await postgres.crash();
      const { refused } = counts;
      while (counts.refused < refused + 10) await someRequests(counts, 1);
      const { status, body } = await admin('health');
      expect([status, body.db_schema]).toEqual([200, 'unreachable']);
      await postgres.restart();
      const { answered } = counts;
      while (counts.answered < answered + 10) await someRequests(counts, 1);
    }
    await Promise.all(stops.map((stop) => stop()));
    process.stdout.write(`database crashed twice: ${JSON.stringify(counts)}\n`);
    expect(counts.wrong).toBe(0);
    expect((await admin('createGroup', { body: { name: 'back' } })).status).toBe(201);
    expect((await admin('syncManifest')).headers.get('etag')).toBe(before.headers.get('etag'));
    expect((await admin('health')).body.status).toBe('ok');
    expect(server.pid).toBe(pid);
  });
});
