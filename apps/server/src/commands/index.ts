/** One command of `agnes-server`. */
export interface Command {
  /** What it takes after its name. */
  readonly words: readonly string[];
  /** Flags that must be given, each with a value; their values follow the words, in this order. */
  readonly flags?: readonly string[];
  /** Flags without a value that may be given. */
  readonly switches?: readonly string[];
  readonly summary: string;
  /** Its code, loaded when it is used, so that help and version do not wait for a database. */
  load(): Promise<RunCommand>;
}

/** Runs a command; resolves when it is done. Throws `AgnesError` for what a person can put right. */
export type RunCommand = (words: readonly string[], given: Given) => Promise<void>;

/** What was given beside words. */
export interface Given {
  readonly switches: ReadonlySet<string>;
}

export const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
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
  [
    'state snapshot',
    {
      words: [],
      summary: 'Take a snapshot of the state database; the server must be stopped.',
      load: async () => (await import('./state-snapshot.ts')).stateSnapshot,
    },
  ],
  [
    'state check',
    {
      words: [],
      summary: 'Read all of the state database and say whether it is sound; the server must be stopped.',
      load: async () => (await import('./state-check.ts')).stateCheck,
    },
  ],
  [
    'state copy',
    {
      words: [],
      flags: ['--from', '--to'],
      summary: 'Copy the state between `file` and `postgres` (AGNES_STATE_URL); the server must be stopped.',
      load: async () => (await import('./state-copy.ts')).stateCopy,
    },
  ],
  [
    'break-glass grant-admin',
    {
      words: ['EMAIL'],
      switches: ['--yes'],
      summary: 'Make an administrator, and the account if it is missing; the server may run or not.',
      load: async () => (await import('./break-glass.ts')).grantAdmin,
    },
  ],
  [
    'break-glass list-admins',
    {
      words: [],
      summary: 'List who administers the server; it may run or not.',
      load: async () => (await import('./break-glass.ts')).listAdmins,
    },
  ],
  [
    'break-glass set-password',
    {
      words: ['EMAIL'],
      switches: ['--password-stdin'],
      summary: 'Set the password of an account, read from stdin; the server may run or not.',
      load: async () => (await import('./break-glass.ts')).setPassword,
    },
  ],
]);

export const DEFAULT_COMMAND = 'start';
