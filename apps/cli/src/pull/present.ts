import type { WorkspaceState } from '../workspace/state.ts';
import type { Manifest } from './manifest.ts';
import { hasPart, type Store } from './store.ts';

/** Looks once for every part that the manifest or the state names; the answer is then a lookup. */
export async function findPresent(
  manifest: Manifest,
  state: WorkspaceState | undefined,
  store: Store,
): Promise<(sha256: string, bytes: number) => boolean> {
  const parts = [...Object.values(manifest.tables), ...Object.values(state?.tables ?? {})].flatMap(
    (table) => table.parts,
  );
  const present = new Set<string>();
  for (const { sha256, bytes } of parts) {
    if (await hasPart(store, sha256, bytes)) present.add(`${sha256} ${bytes}`);
  }
  return (sha256, bytes) => present.has(`${sha256} ${bytes}`);
}
