import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Run, type RunEnd, type Subject, startSubject } from './run-subject.ts';
import type { Secrets } from './secrets.ts';

/** One table of the request, in the fields of the connector protocol. */
export type TableInput = { readonly name: string } & Readonly<Record<string, unknown>>;

export interface CheckConnectorInput {
  readonly subject: Subject;
  /** Tables that the connector can extract, here and now; two or more show most. The source must not change meanwhile. */
  readonly tables: readonly [TableInput, ...TableInput[]];
  readonly config?: unknown;
  /** Variables that the connector gets. Their values count as secrets unless `secrets` says otherwise. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: Secrets;
  /** What to change in the first table so that it fails. Default: a `source_table` (and `source_query`) that is not there. */
  readonly failing?: Readonly<Record<string, unknown>>;
  /** How often it is killed, at moments spread over a run. Default 6. */
  readonly kills?: number;
  /** Milliseconds after which a run counts as hung. Default ten minutes. */
  readonly timeoutMs?: number;
}

export interface Context extends CheckConnectorInput {
  readonly root: string;
  /** The folder of most runs. */
  readonly folder: string;
}

export interface RequestInput {
  readonly tables?: readonly TableInput[];
  readonly drop?: readonly string[];
  readonly line?: string;
  readonly folder?: string;
}

export type RunOnce = (request?: RequestInput) => Promise<RunEnd>;

export async function start(
  context: Context,
  { tables = context.tables, drop, line, folder }: RequestInput,
): Promise<Run> {
  const output_dir = folder ?? context.folder;
  await mkdir(output_dir, { recursive: true });
  const request = {
    protocol: 1,
    source: 'conformance',
    output_dir,
    config: context.config ?? {},
    tables: tables.map((table) => ({ id: `conformance_${table.name}`, query_mode: 'local', ...table })),
    ...(drop === undefined ? {} : { drop }),
  };
  return startSubject(context.subject, line ?? `${JSON.stringify(request)}\n`, context.environment ?? {});
}

/** Waits for the end of a run, and kills it when there is none. */
export async function finish({ timeoutMs = 600_000 }: Context, run: Run, withinMs = timeoutMs): Promise<RunEnd> {
  const waiting = new AbortController();
  const late = sleep(withinMs, undefined, { signal: waiting.signal }).then(
    () => 'late' as const,
    () => 'ended' as const,
  );
  try {
    const end = await Promise.race([run.ended, late]);
    if (typeof end !== 'string') return end;
    run.kill?.();
    throw new Error(`It did not end within ${withinMs / 1000} s.`);
  } finally {
    waiting.abort();
  }
}

export function secretsOf({ secrets, environment }: Context): Secrets {
  return secrets ?? environment ?? {};
}
