import { mkdir } from 'node:fs/promises';
import type { Client } from '@agnes/api-client';
import { sizeOf } from '@agnes/durable-files';
import type { AgnesError } from '@agnes/errors';
import { toAgnesError } from '../output/to-agnes-error.ts';
import { readState, type WorkspaceState } from '../workspace/state.ts';
import { sweepTemporaries } from '../workspace/sweep-temporaries.ts';
import { type Workspace, workspacePaths } from '../workspace/workspace.ts';
import { lockWorkspace } from '../workspace/workspace-lock.ts';
import { type Downloaded, downloadParts } from './download.ts';
import { type FetchedManifest, fetchManifest, fetchWholeManifest } from './manifest.ts';
import { dryRunOutcome, nothingNew, type PullOutcome, summarise } from './outcome.ts';
import { type Plan, planPull } from './plan.ts';
import { findPresent } from './present.ts';
import { sweepParts, writeRefs } from './refs.ts';
import { type Settled, settle } from './settle.ts';
import { hasPart, openIntake, type Store } from './store.ts';

export interface PullOptions {
  readonly workspace: Workspace;
  /** The server that `client` speaks to. */
  readonly server: string;
  readonly client: Client;
  readonly store: Store;
  readonly parallel: number;
  /** How long the server may say nothing, in milliseconds. */
  readonly stallMs: number;
  readonly skipMaterialize: boolean;
  readonly progress: PullProgress;
}

/** Told how a pull goes on. */
export interface PullProgress {
  readonly start: (files: number, bytes: number) => void;
  readonly bytes: (bytes: number) => void;
  readonly phase: (name: string) => void;
}

/**
 * Brings the workspace to what the server grants: fetches the parts that are missing, verifies them, swaps the local
 * database by one rename, and takes out what is no longer granted. Throws when nothing could be done; when only some tables
 * failed, those keep their old version and the outcome names them.
 */
export async function pull(options: PullOptions): Promise<PullOutcome> {
  const { workspace, client, store, stallMs } = options;
  const started = performance.now();
  const seconds = (): number => Math.round(performance.now() - started) / 1000;
  await mkdir(workspacePaths.agnes(workspace.root), { recursive: true, mode: 0o700 });
  await using _lock = await lockWorkspace(workspace.root, 'agnes pull');
  await sweepTemporaries(workspace.root);

  const { state, etag } = await startingPoint(options);
  options.progress.phase('Asking the server');
  const answer = await fetchManifest(client, etag, stallMs);
  if (answer === 'unchanged' && state !== undefined) return nothingNew(state, seconds());

  await mkdir(store.root, { recursive: true, mode: 0o700 });
  let fetched = await fetchWanted(
    answer === 'unchanged' ? await fetchWholeManifest(client, stallMs) : answer,
    state,
    options,
  );
  if ([...fetched.downloaded.failed.values()].some(({ code }) => code === 'blob_not_found')) {
    // Published or revoked since the list was made: a newer one names what there is.
    const newer = await fetchWholeManifest(client, stallMs);
    if (newer.etag === null || newer.etag !== fetched.etag)
      fetched = await fetchWanted(newer, state, options, fetched.downloaded);
  }
  const { manifest, plan, downloaded } = fetched;
  options.progress.phase('Building the local tables');
  const settled = await settle({
    ...options,
    manifest,
    etag: fetched.etag,
    state,
    plan,
    failedParts: downloaded.failed,
  });
  const warnings = await tidyStore(options, state, plan, settled);
  return summarise({ plan, downloaded, settled, warnings, seconds: seconds() });
}

interface Fetched extends FetchedManifest {
  readonly plan: Plan;
  readonly downloaded: Downloaded;
}

/** Plans what a manifest asks for and brings it into the store. */
async function fetchWanted(
  { manifest, etag }: FetchedManifest,
  state: WorkspaceState | undefined,
  options: PullOptions,
  earlier?: Downloaded,
): Promise<Fetched> {
  const { store, workspace } = options;
  // References come first: what is found present below can then no longer be swept by another workspace's pull.
  const wanted = Object.values(manifest.tables).flatMap((table) => table.parts.map((part) => part.sha256));
  await writeRefs(store, workspace.root, [...partsOf(state), ...wanted]);

  const plan = planPull({
    manifest,
    state,
    store: store.root,
    has: await findPresent(manifest, state, store),
    skipMaterialize: options.skipMaterialize,
  });
  const { files, bytes, failed } = await download(plan, options);
  const downloaded = { files: files + (earlier?.files ?? 0), bytes: bytes + (earlier?.bytes ?? 0), failed };
  // What came by the earlier list changes the tables too.
  return { manifest, etag, plan: { ...plan, rebuild: plan.rebuild || (earlier?.files ?? 0) > 0 }, downloaded };
}

/**
 * Takes out of the store what nobody needs any more. The tables have changed by now, so that what fails here is a warning;
 * the next pull does it.
 */
async function tidyStore(
  { store, workspace }: PullOptions,
  state: WorkspaceState | undefined,
  plan: Plan,
  settled: Settled,
): Promise<readonly string[]> {
  const late = new Set(settled.errors.map(({ table }) => table));
  const needed = [
    ...partsOf(settled.state),
    // A program that still reads the version before this one can go on until the next pull; what is revoked goes now.
    ...plan.tables.flatMap(({ name }) => (state?.tables[name]?.parts ?? []).map((part) => part.sha256)),
    // What has arrived of a table that is not whole yet is not fetched again.
    ...plan.tables.filter(({ name }) => late.has(name)).flatMap(({ table }) => table.parts.map((part) => part.sha256)),
  ];
  try {
    await writeRefs(store, workspace.root, needed);
    if (plan.rebuild) await sweepParts(store);
    return [];
  } catch (thrown) {
    const error = toAgnesError(thrown);
    if (error.code === 'internal_cli_error') throw thrown;
    return [`Files that are not needed any more stay in the store: ${error.message} ${error.hint ?? ''}`];
  }
}

/** What a pull would do. Changes nothing. */
export async function dryRun(options: PullOptions): Promise<PullOutcome> {
  const started = performance.now();
  const { state } = await startingPoint(options);
  const answer = await fetchWholeManifest(options.client, options.stallMs);
  const has = await findPresent(answer.manifest, state, options.store);
  const plan = planPull({
    manifest: answer.manifest,
    state,
    store: options.store.root,
    has,
    skipMaterialize: options.skipMaterialize,
  });
  return dryRunOutcome(plan, answer.manifest.data_version, Math.round(performance.now() - started) / 1000);
}

/** What the workspace has, and the ETag to ask with, which there is only when everything of it is really there. */
async function startingPoint({
  workspace,
  server,
  store,
}: PullOptions): Promise<{ state: WorkspaceState | undefined; etag: string | undefined }> {
  const { state: read, certain } = await readState(workspace.root);
  const database = await sizeOf(workspacePaths.database(workspace.root));
  if (read === undefined || database === undefined || read.server !== server) {
    return { state: undefined, etag: undefined };
  }
  const whole = certain && read.etag !== null && read.store === store.root && (await hasAll(read, store));
  // An uncertain state is kept for what it knows of old versions, but nothing may be skipped because of it.
  return { state: certain ? read : { ...read, store: '' }, etag: whole && read.etag !== null ? read.etag : undefined };
}

async function hasAll(state: WorkspaceState, store: Store): Promise<boolean> {
  for (const { parts } of Object.values(state.tables)) {
    for (const { sha256, bytes } of parts) {
      if (!(await hasPart(store, sha256, bytes))) return false;
    }
  }
  return true;
}

async function download(plan: Plan, options: PullOptions): Promise<Downloaded> {
  if (plan.missing.length === 0) return { files: 0, bytes: 0, failed: new Map<string, AgnesError>() };
  const { client, store, parallel, stallMs, progress } = options;
  await using intake = await openIntake(store);
  progress.start(
    plan.missing.length,
    plan.missing.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  return await downloadParts(plan.missing, { client, store, intake, parallel, stallMs, onBytes: progress.bytes });
}

function partsOf(state: WorkspaceState | undefined): string[] {
  return Object.values(state?.tables ?? {}).flatMap((table) => table.parts.map((part) => part.sha256));
}
