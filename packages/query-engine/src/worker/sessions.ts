import type { Passed } from '../gate/index.ts';
import type { Command, FromWorker } from '../protocol.ts';
import type { Session } from './session.ts';

/** The databases of a worker, at most two: one that nobody has used yet, and the last one that was used. */
export interface Sessions {
  answer(command: Command): Promise<FromWorker>;
  /** Ends a piece of work. Resolves when there is a database for the next one. */
  end(): Promise<void>;
}

/** A worker without work lets its last database go after this: what it holds is memory. */
export const KEPT_MS = 30_000;

/**
 * Has an empty database opened ahead. Each piece of work uses it up, but for one: a query of the same person over exactly the
 * same files runs where their last one ran. To open many files anew, and to throw a database away, cost more than most
 * queries; measured: `pnpm bench query-latency-parts query-throughput`. `onError` is told when one cannot be closed.
 */
export function createSessions(open: () => Promise<Session>, onError: (error: unknown) => void): Sessions {
  let empty: Promise<Session> | undefined = open();
  let last: { readonly session: Session; readonly use: string | undefined } | undefined;
  /** What this piece of work runs in. */
  let current: Session | undefined;
  let prepared: Passed | undefined;
  let letGo: NodeJS.Timeout | undefined;

  /** Closing takes as long as opening; nobody waits for it. */
  const drop = (): void => {
    last?.session.close().catch(onError);
    last = undefined;
  };

  const sessionFor = async (use: string | undefined): Promise<Session> => {
    if (last !== undefined && last.use !== undefined && last.use === use) return last.session;
    drop();
    if (empty === undefined) throw new Error('A piece of work has one database.');
    const session = await empty;
    empty = undefined;
    return session;
  };

  return {
    async answer(command) {
      clearTimeout(letGo);
      if (command.type === 'prepare') {
        if (empty === undefined) throw new Error('A statement is prepared before anything runs.');
        const gate = await (await empty).prepare(command.sql);
        if (!('kind' in gate)) return gate;
        prepared = gate;
        return { type: 'prepared', relations: [...gate.relations] };
      }
      const use = useOf(command, prepared);
      current ??= await sessionFor(use);
      const answer = await current.answer(command, prepared);
      last = { session: current, use: answer.type === 'error' ? undefined : use };
      return answer;
    },
    async end() {
      current = undefined;
      prepared = undefined;
      if (last !== undefined && last.use === undefined) drop();
      letGo = setTimeout(drop, KEPT_MS).unref();
      empty ??= open();
      await empty;
    },
  };
}

/** Who uses a database over what; undefined when nothing else may ever run in it. */
function useOf(command: Command, prepared: Passed | undefined): string | undefined {
  // A file that may be written is one more that may be read.
  if (command.type !== 'run' || command.output.kind !== 'json') return undefined;
  // What it sets holds for whatever follows.
  if (prepared === undefined || /setseed/i.test(prepared.sql)) return undefined;
  return JSON.stringify([command.user, command.tables]);
}
