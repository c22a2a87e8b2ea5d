/** One command of `agnes-server`. */
export interface Command {
  /** What it takes after its name. */
  readonly words: readonly string[];
  readonly summary: string;
  /** Its code, loaded when it is used, so that help and version do not wait for a database. */
  load(): Promise<RunCommand>;
}

/** Runs a command; resolves when it is done. Throws `AgnesError` for what a person can put right. */
export type RunCommand = (words: readonly string[]) => Promise<void>;

export const COMMANDS: ReadonlyMap<string, Command> = new Map([
  [
    'start',
    {
      words: [],
      summary: 'Run the server until it is stopped; what happens without a command.',
      load: async () => (await import('./start.ts')).start,
    },
  ],
  [
    'state snapshots',
    {
      words: [],
      summary: 'List the snapshots of the state database, the newest first.',
      load: async () => (await import('./state-snapshots.ts')).stateSnapshots,
    },
  ],
  [
    'state restore',
    {
      words: ['NAME'],
      summary: 'Go back to a snapshot of the state database; the server must be stopped.',
      load: async () => (await import('./state-restore.ts')).stateRestore,
    },
  ],
]);

export const DEFAULT_COMMAND = 'start';
