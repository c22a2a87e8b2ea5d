import { join } from 'node:path';
import { createClient } from '@agnes/api-client';
import { AgnesError } from '@agnes/errors';
import { type SmallDisk, smallDisk } from '@agnes/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toAgnesError } from '../src/output/to-agnes-error.ts';
import type { PullOutcome } from '../src/pull/outcome.ts';
import { pull } from '../src/pull/pull.ts';
import { writeWorkspaceFile } from '../src/workspace/workspace.ts';
import { ask } from './ask.ts';
import { type DataServer, startDataServer } from './data-server.ts';

const KIB = 1024;
/** Room that is left: from nothing to more than a pull needs, in steps that DuckDB's blocks of 256 KiB do not divide. */
const ROOMS = [0, 4, 8, 16, 36, 68, 132, 260, 300, 524, 560, 800, 1100, 1600, 2400].map((room) => room * KIB);

const disk: SmallDisk | undefined = await smallDisk(24 * 1024 * KIB);
let server: DataServer;
beforeAll(async () => {
  server = await startDataServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await disk?.[Symbol.asyncDispose]();
});

/** What DuckDB and SQLite write by themselves meets a full disk too, which a failing call of Node's does not show. */
test.runIf(disk !== undefined)(
  'a pull onto a disk that gets full anywhere: the old tables, what to do, and it goes on with room',
  async () => {
    if (disk === undefined) return;
    const root = join(disk.path, 'workspace');
    const time = '2026-01-02T03:04:05.000Z';
    const file = { format: 1 as const, server: server.url, created_at: time, initialized_at: time, agnes_version: '0' };
    await writeWorkspaceFile(root, file);
    const run = async (): Promise<PullOutcome | AgnesError> => {
      const client = createClient({ server: server.url, token: server.token });
      const progress = { start() {}, bytes() {}, phase() {} };
      const store = { root: join(disk.path, 'store') };
      const how = { parallel: 2, stallMs: 30_000, skipMaterialize: false, progress };
      return await pull({ workspace: { root, file }, server: server.url, client, store, ...how }).catch(toAgnesError);
    };
    const shown = async (): Promise<string> =>
      JSON.stringify(await ask(root, 'SELECT gen, count(*) AS n FROM a GROUP BY gen'));
    const rows = (gen: number) => JSON.stringify([{ gen, n: 500 }]);
    const publish = (gen: number) =>
      server.publish('a', [`SELECT ${gen} AS gen, md5(range::VARCHAR) AS text FROM range(500)`]);

    await publish(0);
    await run();
    const violations: string[] = [];
    const ends = new Map<string, number>();
    for (const [index, room] of ROOMS.entries()) {
      const gen = index + 1;
      await publish(gen);
      await disk.fill(room);
      const outcome = await run();
      const said = outcome instanceof AgnesError ? outcome.code : (outcome.errors[0]?.code ?? 'done');
      ends.set(said, (ends.get(said) ?? 0) + 1);
      if (outcome instanceof AgnesError && (said === 'internal_cli_error' || (outcome.hint ?? '').length < 10)) {
        violations.push(`${room}: badly said: ${said}: ${outcome.message}`);
      }
      const now = await shown().catch(String);
      if (now !== rows(said === 'done' ? gen : gen - 1) && now !== rows(gen))
        violations.push(`${room}: after ${said} shows ${now}`);
      await disk.free();
      const next = await run();
      if (next instanceof AgnesError || next.errors.length > 0)
        violations.push(`${room}: the next pull: ${JSON.stringify(next)}`);
      if ((await shown()) !== rows(gen)) violations.push(`${room}: did not converge: ${await shown()}`);
    }
    const said = [...ends].map(([what, many]) => `${what} ${many}`).join(', ');
    process.stdout.write(`full disk, pull: ${ROOMS.length} rooms (${said}), violations: ${violations.length}\n`);
    expect(violations).toEqual([]);
  },
);
