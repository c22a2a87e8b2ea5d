import { AgnesError } from '@agnes/errors';
import type { Result } from '../command.ts';
import type { SignedIn } from '../connect.ts';
import type { Progress } from '../output/progress.ts';
import { formatBytes, formatCount, formatSeconds, plural } from '../output/units.ts';
import { storeFolder } from '../settings/folders.ts';
import { patience } from '../settings/patience.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { PullOutcome } from './outcome.ts';
import { dryRun, type PullOptions, pull } from './pull.ts';

export interface PullRequest {
  readonly workspace: Workspace;
  readonly signedIn: SignedIn;
  readonly parallel?: number | undefined;
  readonly skipMaterialize: boolean;
  readonly dryRun: boolean;
  readonly progress: Progress;
}

const DEFAULT_PARALLEL = 4;

/** A pull as the commands run it: with the laptop's store and progress on stderr. */
export async function runPull(request: PullRequest): Promise<PullOutcome> {
  const { progress } = request;
  let onBytes: (bytes: number) => void = () => {};
  const options: PullOptions = {
    workspace: request.workspace,
    server: request.signedIn.server,
    client: request.signedIn.client,
    store: { root: storeFolder(process.env) },
    parallel: request.parallel ?? parallelFrom(process.env.AGNES_PULL_PARALLELISM),
    stallMs: patience(process.env),
    skipMaterialize: request.skipMaterialize,
    progress: {
      phase: (name) => progress.phase(name),
      start: (files, bytes) => {
        onBytes = progress.bytes(`Fetching ${plural(files, 'file')}`, bytes);
      },
      bytes: (bytes) => onBytes(bytes),
    },
  };
  return request.dryRun ? await dryRun(options) : await pull(options);
}

/** The outcome as a result: what changed on stdout, warnings and errors on stderr, and an error when it is incomplete. */
export function pullResult(outcome: PullOutcome): Result {
  const failed = outcome.errors.map(({ table, code, message }) => `failed: ${table}: ${message} (${code})`);
  return {
    data: outcome,
    text: pullText(outcome),
    notes: [...outcome.warnings.map((warning) => `warning: ${warning}`), ...failed],
    ...(outcome.errors.length === 0
      ? {}
      : {
          error: new AgnesError(
            'pull_incomplete',
            `${plural(outcome.errors.length, 'table')} could not be pulled and kept what they had.`,
            {
              hint: 'Run it again: agnes pull   (what has arrived is not fetched again)',
              details: { errors: outcome.errors },
            },
          ),
        }),
  };
}

export function pullText(outcome: PullOutcome): string {
  const { tables_updated, tables_total, removed, skipped, files, bytes, rows, seconds, dry_run } = outcome;
  const lines: string[] = [];
  const changed = tables_updated > 0 || removed.length > 0 || files > 0 || outcome.errors.length > 0;
  if (!changed) {
    lines.push(`Nothing new: ${plural(tables_total, 'table')}, ${plural(rows, 'row')} (${formatSeconds(seconds)}).`);
  } else {
    const fetched = `${plural(files, 'file')}, ${formatBytes(bytes)}`;
    lines.push(
      dry_run
        ? `Would update ${formatCount(tables_updated)} of ${plural(tables_total, 'table')}: ${fetched} to fetch.`
        : `Updated ${formatCount(tables_updated)} of ${plural(tables_total, 'table')}: ${fetched} in ${formatSeconds(seconds)}, ${plural(rows, 'row')} in all.`,
    );
    if (dry_run && outcome.updated.length > 0) lines.push(`Update: ${outcome.updated.join(', ')}`);
  }
  if (removed.length > 0) {
    const names = removed.map(({ table, reason }) => `${table} (${reason})`).join(', ');
    lines.push(`${dry_run ? 'Would remove' : 'Removed'}: ${names}`);
  }
  if (skipped.length > 0) {
    lines.push(`Not on this laptop: ${skipped.map(({ table, reason }) => `${table} (${reason})`).join(', ')}`);
  }
  return lines.join('\n');
}

function parallelFrom(text: string | undefined): number {
  if (text === undefined || text === '') return DEFAULT_PARALLEL;
  const parallel = Number(text);
  if (Number.isInteger(parallel) && parallel >= 1 && parallel <= 64) return parallel;
  throw new AgnesError('usage', `AGNES_PULL_PARALLELISM is '${text}'.`, { hint: 'Set it to a number from 1 to 64.' });
}
