import { rm, writeFile } from 'node:fs/promises';
import { AgnesError, isAgnesError } from '@agnes/errors';
import type { AuditEntry } from '@agnes/rbac';
import type { Admission } from './admission.ts';
import type { Lease } from './lease.ts';
import type { FileFormat, Output } from './protocol.ts';
import type { NamedRelation, Resolved, Resolver } from './resolve.ts';
import { newResultPath, watchedSize } from './result-file.ts';
import type { Usage } from './usage.ts';
import type { WorkerPool } from './worker-pool.ts';

/** Who asks, and by what. */
export interface Asker {
  /** Whose rights count. */
  readonly userId: string;
  /** Who is accountable for it, when an administrator looks as somebody else. */
  readonly viewedBy?: { readonly userId: string } | undefined;
  readonly credentialId?: string | undefined;
  readonly ip?: string | null | undefined;
  /** Aborted when they go away; the worker is then killed. */
  readonly signal?: AbortSignal | undefined;
  /** Throws when they may not ask any more; asked when their turn has come, and before they get the result. */
  readonly stillIn?: (() => Promise<void>) | undefined;
}

export type Wanted =
  | { readonly format: 'json'; readonly limit: number }
  | { readonly format: FileFormat; readonly limit: number | null };

/** A whole result: nothing of it is still to be computed. */
export type Result =
  | { readonly kind: 'json'; readonly json: string; readonly rows: number; readonly truncated: boolean }
  | {
      readonly kind: 'file';
      /** The caller's, to be removed. */
      readonly path: string;
      readonly bytes: number;
      readonly format: FileFormat;
      readonly rows: number;
      readonly truncated: boolean;
    };

/** The one way from SQL to rows on the server. */
export interface Gateway {
  /**
   * Runs one statement as somebody, over what they may read at this moment. Throws what walls, limits and DuckDB have to say:
   * the `sql_…` codes, `query_failed`, `query_timeout`, `result_too_large`, `daily_byte_cap_exceeded`,
   * `concurrent_slot_exceeded`, `policy_failed` and others.
   */
  query(asker: Asker, sql: string, wanted: Wanted): Promise<Result>;
  /** A table, or its first rows, as somebody sees it: behind the same walls. */
  read(asker: Asker, table: { readonly id: string; readonly name: string }, wanted: Wanted): Promise<Result>;
  /** Writes a text where results are until they are sent; gives its path. The file is the caller's, to be removed. */
  setAside(text: string): Promise<string>;
  /** Notes that a file of a table is about to be sent as it is stored. */
  noteDownload(asker: Asker, table: { readonly id: string }, bytes: number): void;
}

export interface GatewayOptions {
  readonly pool: WorkerPool;
  readonly resolver: Resolver;
  readonly admission: Admission;
  readonly usage: Usage;
  /** Where results are written before they are sent. */
  readonly resultsFolder: string;
  readonly limits: {
    readonly deadlineMs: number;
    /** Of one answer in JSON. */
    readonly answerBytes: number;
    /** Of one result file. */
    readonly resultBytes: number;
  };
  /** Takes what is to be audited. What it throws, the asker gets instead of the result. */
  readonly note: (entry: AuditEntry) => void;
  readonly now?: () => number;
}

/** Rights that change this often while a query is being prepared are somebody's mistake. */
const MOST_TRIES = 10;
const STATEMENT_KEPT = 10_000;

type Run = (lease: Lease, output: Output, used: (resolved: Resolved) => void) => Promise<Ran>;
interface Ran {
  readonly json?: string;
  readonly rows: number;
  readonly truncated: boolean;
}

export function createGateway(options: GatewayOptions): Gateway {
  const { pool, resolver, admission, usage, resultsFolder, limits, note, now = Date.now } = options;

  /** Resolves, and lets `run` begin only while everything still is as it was resolved. */
  const overTables = async <T>(
    { userId, stillIn }: Asker,
    relations: readonly NamedRelation[],
    run: (resolved: Resolved) => Promise<T>,
  ): Promise<T> => {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      await stillIn?.();
      const resolved = await resolver.resolve(userId, relations);
      try {
        if (await resolver.holds(resolved)) {
          const result = await run(resolved);
          // Nobody who was turned away meanwhile gets it.
          await stillIn?.();
          return result;
        }
      } finally {
        resolved.release();
      }
    }
    throw new AgnesError('unavailable', 'Access rights are changing all the time.', { hint: 'Try again in a moment.' });
  };

  const withinLimits = async (asker: Asker, wanted: Wanted, run: Run, used: (resolved: Resolved) => void) => {
    const { signal } = asker;
    const user = accountable(asker);
    await usage.check(user);
    const leave = await admission.enter(user, signal);
    let made: Promise<Result> | undefined;
    try {
      // Again: what waited with this one may have been answered by now.
      await usage.check(user);
      const work = (lease: Lease): Promise<Result> => {
        made = resultOf(lease, wanted, run, used);
        return made;
      };
      return await pool.use(work, { deadlineMs: limits.deadlineMs, signal, user });
    } catch (error) {
      // Stopped at the last moment, when its result was there already: nobody else will take that away.
      void made?.then(removeResult).catch(() => {});
      throw error;
    } finally {
      leave();
    }
  };

  const resultOf = async (
    lease: Lease,
    wanted: Wanted,
    run: Run,
    used: (resolved: Resolved) => void,
  ): Promise<Result> => {
    if (wanted.format === 'json') {
      const output: Output = { kind: 'json', limit: wanted.limit, bytes: limits.answerBytes };
      const { json = '', rows, truncated } = await run(lease, output, used);
      return { kind: 'json', json, rows, truncated };
    }
    const { format, limit } = wanted;
    const path = newResultPath(resultsFolder, format);
    try {
      let ran: Ran = { rows: 0, truncated: false };
      const write = async (): Promise<void> => {
        ran = await run(lease, { kind: 'file', path, format, limit }, used);
      };
      const bytes = await watchedSize(path, limits.resultBytes, write, lease.stop);
      return { kind: 'file', path, bytes, format, rows: ran.rows, truncated: ran.truncated };
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  };

  /** Counts and notes a result, or why there is none. */
  const accounted = async (
    asker: Asker,
    entry: Pick<AuditEntry, 'action' | 'resource' | 'params'>,
    wanted: Wanted,
    run: Run,
  ): Promise<Result> => {
    const started = now();
    let seen: Resolved | undefined;
    const told = (outcome: string, more: Readonly<Record<string, unknown>>): void =>
      note({
        ...entry,
        ...whoOf(asker),
        result: outcome,
        durationMs: Math.round(now() - started),
        params: {
          ...entry.params,
          format: wanted.format,
          ...(asker.viewedBy === undefined ? {} : { as_user: asker.userId }),
          ...(seen === undefined ? {} : { tables: seen.tables.map(({ name }) => name), limited: seen.limited }),
          ...more,
        },
      });
    let result: Result;
    try {
      result = await withinLimits(asker, wanted, run, (resolved) => {
        seen = resolved;
      });
    } catch (error) {
      told(isAgnesError(error) ? error.code : 'internal_error', {});
      throw error;
    }
    const bytes = result.kind === 'json' ? Buffer.byteLength(result.json) : result.bytes;
    usage.add(accountable(asker), bytes);
    try {
      told('ok', { rows: result.rows, bytes, truncated: result.truncated });
    } catch (error) {
      await removeResult(result);
      throw error;
    }
    return result;
  };

  return {
    query(asker, sql, wanted) {
      return accounted(
        asker,
        { action: 'query.run', params: { statement: sql.slice(0, STATEMENT_KEPT) } },
        wanted,
        async ({ ask }, output, used) => {
          const { relations } = await ask({ type: 'prepare', sql }, 'prepared');
          return overTables(asker, relations, async (resolved) => {
            used(resolved);
            const tables = [...resolved.tables];
            return answered(await ask({ type: 'run', user: accountable(asker), tables, output }, kindOf(output)));
          });
        },
      );
    },
    read(asker, table, wanted) {
      const action = wanted.format === 'json' ? 'data.sample' : 'data.download';
      return accounted(asker, { action, resource: `table:${table.id}` }, wanted, ({ ask }, output, used) =>
        overTables(asker, [{ name: table.name }], async (resolved) => {
          used(resolved);
          const [whole] = resolved.tables;
          if (whole === undefined) throw new Error('A name resolves to a table, or throws.');
          return answered(await ask({ type: 'read', table: whole, output }, kindOf(output)));
        }),
      );
    },
    async setAside(text) {
      const path = newResultPath(resultsFolder, 'json');
      try {
        await writeFile(path, text);
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
      return path;
    },
    noteDownload(asker, table, bytes) {
      note({ ...whoOf(asker), action: 'data.download', resource: `table:${table.id}`, params: { bytes } });
    },
  };
}

async function removeResult(result: Result): Promise<void> {
  if (result.kind === 'file') await rm(result.path, { force: true });
}

/** Whose limits hold, and who stands in the audit: not the one as whom somebody looks. */
function accountable({ userId, viewedBy }: Asker): string {
  return viewedBy?.userId ?? userId;
}

function whoOf(asker: Asker) {
  return { userId: accountable(asker), ip: asker.ip ?? null, credentialId: asker.credentialId ?? null };
}

const kindOf = (output: Output): 'json' | 'written' => (output.kind === 'json' ? 'json' : 'written');

function answered(answer: { readonly rows: number; readonly truncated: boolean; readonly json?: string }): Ran {
  const { json, rows, truncated } = answer;
  return { rows, truncated, ...(json === undefined ? {} : { json }) };
}
