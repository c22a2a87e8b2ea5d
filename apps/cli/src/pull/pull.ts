import { mkdir } from 'node:fs/promises';
import type { Client } from '@agnes/api-client';
import { sizeOf } from '@agnes/durable-files';
import type { AgnesError } from '@agnes/errors';
import { readState, type WorkspaceState } from '../workspace/state.ts';
import { type Workspace, workspacePaths } from '../workspace/workspace.ts';
import { lockWorkspace } from '../workspace/workspace-lock.ts';
import { type Downloaded, downloadParts } from './download.ts';
import { fetchManifest } from './manifest.ts';
import { dryRunOutcome, nothingNew, type PullOutcome, summarise } from './outcome.ts';
import { type Plan, planPull } from './plan.ts';
import { findPresent } from './present.ts';
import { sweepParts, writeRefs } from './refs.ts';
import { settle } from './settle.ts';
import { hasPart, openIntake, type Store } from './store.ts';

export interface PullOptions {
  readonly workspace: Workspace;
  /** The server that `client` speaks to. */
  readonly server: string;
  readonly client: Client;
  readonly store: Store;
  readonly parallel: number;
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
  const { workspace, client, store } = options;
  const started = performance.now();
  const seconds = (): number => Math.round(performance.now() - started) / 1000;
  await mkdir(workspacePaths.agnes(workspace.root), { recursive: true, mode: 0o700 });
  await using _lock = await lockWorkspace(workspace.root, 'agnes pull');

  const { state, etag } = await startingPoint(options);
  options.progress.phase('Asking the server');
  const answer = await fetchManifest(client, etag);
  if (answer === 'unchanged' && state !== undefined) return nothingNew(state, seconds());
  if (answer === 'unchanged') throw new Error('The server answered 304 to a request without a condition.');

  const { manifest } = answer;
  await mkdir(store.root, { recursive: true, mode: 0o700 });
  // References come first: what is found present below can then no longer be swept by another workspace's pull.
  const before = partsOf(state);
  const wanted = Object.values(manifest.tables).flatMap((table) => table.parts.map((part) => part.sha256));
  await writeRefs(store, workspace.root, [...before, ...wanted]);

  const plan = planPull({
    manifest,
    state,
    store: store.root,
    has: await findPresent(manifest, state, store),
    skipMaterialize: options.skipMaterialize,
  });
  const downloaded = await download(plan, options);
  options.progress.phase('Building the local tables');
  const settled = await settle({
    ...options,
    manifest,
    etag: answer.etag,
    state,
    plan,
    failedParts: downloaded.failed,
  });

  const after = partsOf(settled.state);
  const superseded = plan.tables.flatMap(({ name }) => (state?.tables[name]?.parts ?? []).map((part) => part.sha256));
  // A program that still reads the version before this one can go on until the next pull; what is revoked goes now.
  await writeRefs(store, workspace.root, [...after, ...superseded]);
  if (plan.rebuild) await sweepParts(store);
  return summarise({ plan, downloaded, settled, seconds: seconds() });
}

/** What a pull would do. Changes nothing. */
export async function dryRun(options: PullOptions): Promise<PullOutcome> {
  const started = performance.now();
  const { state } = await startingPoint(options);
  const answer = await fetchManifest(options.client, undefined);
  if (answer === 'unchanged') throw new Error('The server answered 304 to a request without a condition.');
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
  const { client, store, parallel, progress } = options;
  await using intake = await openIntake(store);
  progress.start(
    plan.missing.length,
    plan.missing.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  return await downloadParts(plan.missing, { client, store, intake, parallel, onBytes: progress.bytes });
}

function partsOf(state: WorkspaceState | undefined): string[] {
  return Object.values(state?.tables ?? {}).flatMap((table) => table.parts.map((part) => part.sha256));
}
