import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MailSettings, type OidcProviderSettings, Secret, type SignInSettings } from '@agnes/config';
import { isAgnesError } from '@agnes/errors';
import { type Access, createAccess } from '@agnes/rbac';
import { openState, type State, schema } from '@agnes/state';
import { testState } from '@agnes/testkit';
import { PgTable } from 'drizzle-orm/pg-core';
import { type Auth, type AuthOptions, createAuth } from '../index.ts';

export { ADMIN, PASSWORD, PEER, refused } from './open-auth.ts';
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
  /** Empties every table. */
  reset(): Promise<void>;
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
    async reset() {
      await state.write(async (tx) => {
        for (const table of TABLES) await tx.delete(table);
      });
      reported.length = 0;
      clock = new Date();
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

/** Ways in over a mail server on this machine, without TLS unless said otherwise. */
export function mailTo(port: number, more: Partial<MailSettings> = {}): SignInSettings {
  const mail = {
    host: 'localhost',
    port,
    user: undefined,
    password: undefined,
    from: 'agnes@example.com',
    tls: false,
    ...more,
  };
  return { mail, oidc: [], googleGroups: undefined };
}

export function oidcSettings(
  provider: { readonly issuer: string; readonly clientId: string; readonly clientSecret: string },
  more: Partial<OidcProviderSettings> = {},
): OidcProviderSettings {
  const { issuer, clientId, clientSecret } = provider;
  return {
    id: 'corp',
    issuer,
    clientId,
    clientSecret: new Secret(clientSecret),
    label: 'Corp',
    scopes: ['openid', 'email', 'profile'],
    allowedDomains: ['example.com'],
    autoCreate: true,
    groupsClaim: undefined,
    groupMapping: undefined,
    ...more,
  };
}

/** The reason of a refused sign-in at a provider. */
export async function reasonOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isAgnesError(error)) return error === undefined ? 'signed in' : String(error);
  return String(error.details.reason ?? error.code);
}
