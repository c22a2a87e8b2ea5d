import { rename, rm } from 'node:fs/promises';
import { readTextIfThere, writeFileAtomically } from '@agnes/durable-files';
import * as v from 'valibot';
import { workspacePaths } from './workspace.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const pulledTable = v.object({
  id: v.string(),
  /** Null while the server has published nothing yet. */
  version: v.nullable(v.string()),
  rows: count,
  updated: v.nullable(v.string()),
  columns: v.array(v.object({ name: v.string(), type: v.string() })),
  parts: v.array(v.object({ sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)), bytes: count })),
});

const stateFile = v.object({
  format: v.literal(1),
  server: v.string(),
  /** The folder of parts that the views point into. */
  store: v.string(),
  /** ETag of the manifest that `tables` follow in full; null when something of it is missing. */
  etag: v.nullable(v.string()),
  data_version: v.string(),
  pulled_at: v.string(),
  tables: v.record(v.string(), pulledTable),
  /** Tables that are granted but not on this laptop, and why. */
  elsewhere: v.record(v.string(), v.string()),
});

/** A table as this workspace has it. */
export type PulledTable = v.InferOutput<typeof pulledTable>;

/** What the last pull left in the workspace: `.agnes/state.json`. */
export type WorkspaceState = v.InferOutput<typeof stateFile>;

/**
 * Reads the state of a workspace. `certain` is false when a pull ended between the two renames of its commit, so that the
 * database may be one pull ahead: the next one then asks the server for everything. A state that cannot be read counts as
 * none: it can be made anew.
 */
export async function readState(root: string): Promise<{ state: WorkspaceState | undefined; certain: boolean }> {
  const text = await readTextIfThere(workspacePaths.state(root));
  const parsed = text === undefined ? undefined : v.safeParse(v.pipe(v.string(), v.parseJson(), stateFile), text);
  const pending = await readTextIfThere(pendingState(root));
  return { state: parsed?.success === true ? parsed.output : undefined, certain: pending === undefined };
}

/**
 * Writes the state beside its place. {@link settleState} puts it there; until then `readState` knows that a commit was
 * under way.
 */
export async function prepareState(root: string, state: WorkspaceState): Promise<void> {
  await writeFileAtomically(pendingState(root), `${JSON.stringify(state)}\n`);
}

export async function settleState(root: string): Promise<void> {
  await rename(pendingState(root), workspacePaths.state(root));
}

/** Takes back {@link prepareState} of a commit that did not happen. */
export async function dropPreparedState(root: string): Promise<void> {
  await rm(pendingState(root), { force: true });
}

function pendingState(root: string): string {
  return `${workspacePaths.state(root)}.next`;
}
