import type { StateDatabase } from './database.ts';
import { readVersion, type VersionKey } from './versions.ts';

/** The counters in memory, for a state that this process alone writes. */
export interface HeldVersions {
  read(key: VersionKey): Promise<number>;
  /** To be called after each write, whatever became of it, before anybody learns that it is over. */
  forget(): void;
}

export function heldVersions(db: StateDatabase): HeldVersions {
  let held = new Map<VersionKey, number>();
  return {
    async read(key) {
      // What is read while a write ends goes into the map that the write has taken away.
      const into = held;
      const known = into.get(key);
      if (known !== undefined) return known;
      const value = await readVersion(db, key);
      into.set(key, value);
      return value;
    },
    forget() {
      held = new Map();
    },
  };
}
