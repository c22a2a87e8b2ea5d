import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Access, createAccess } from '@agnes/rbac';
import { openState, type State, schema } from '@agnes/state';
import { testState } from '@agnes/testkit';
import { PgTable } from 'drizzle-orm/pg-core';
import { type Auth, type AuthOptions, createAuth, type Peer } from '../index.ts';

export const ADMIN = 'root@example.com';
export const PASSWORD = 'correct horse battery';
export const PEER: Peer = { ip: '192.0.2.1', userAgent: 'agnes/1.2.3 (linux)' };
export const SERVER_URL = 'https://agnes.example.com';

const TABLES = Object.values(schema).filter((value) => value instanceof PgTable);

/** A state of its own, with a clock that stands until it is told otherwise. */
export interface Fixture extends AsyncDisposable {
  readonly state: State;
  readonly access: Access;
  readonly folder: string;
  /** What was reported behind requests. */
  readonly reported: unknown[];
  readonly now: Date;
  pass(seconds: number): void;
  /** Empties every table, and sets the clock: by default to what it is. */
  reset(at?: Date): Promise<void>;
  auth(options?: Partial<AuthOptions>): Auth;
  /** Action and result of every row of the audit log, in order. */
  audited(): Promise<string[]>;
}

export async function openFixture(): Promise<Fixture> {
  const folder = await mkdtemp(join(tmpdir(), 'agnes-ways-'));
  const state = await openState(await testState(join(folder, 'system.duckdb')));
  const access = createAccess({ state });
  const reported: unknown[] = [];
  let clock = new Date();
  return {
    state,
    access,
    folder,
    reported,
    get now() {
      return clock;
    },
    pass(seconds) {
      clock = new Date(clock.getTime() + seconds * 1000);
    },
    async reset(at = new Date()) {
      await state.write(async (tx) => {
        for (const table of TABLES) await tx.delete(table);
      });
      reported.length = 0;
      clock = at;
      await access.seedSystemGroups();
    },
    auth: (options = {}) =>
      createAuth({
        state,
        access,
        now: () => clock,
        serverUrl: SERVER_URL,
        onBackgroundError: (error) => void reported.push(error),
        ...options,
      }),
    async audited() {
      const rows = await state.db.select().from(schema.auditLog).orderBy(schema.auditLog.id);
      return rows.map(({ action, result }) => `${action} ${result}`);
    },
    async [Symbol.asyncDispose]() {
      await state.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
