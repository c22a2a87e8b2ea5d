import type { State } from './state.ts';
import type { VersionKey } from './versions.ts';

/** Gives what is held under a name, or reads and holds it. */
export type VersionCache<T> = (name: string, read: () => Promise<T>) => Promise<T>;

/**
 * Holds what was read from the state until a counter moves: whoever asks after a change that moved it gets what is true
 * since. What `read` throws is not held. Of more than `most` names all are forgotten.
 */
export function createVersionCache<T>(state: Pick<State, 'version'>, key: VersionKey, most: number): VersionCache<T> {
  let at: number | undefined;
  let held = new Map<string, T>();
  return async (name, read) => {
    const version = await state.version(key);
    if (version !== at) {
      at = version;
      held = new Map();
    }
    const into = held;
    if (into.has(name)) return into.get(name) as T;
    // Read after the counter, so it is of that version or newer, and never older.
    const value = await read();
    if (into.size >= most) into.clear();
    into.set(name, value);
    return value;
  };
}
