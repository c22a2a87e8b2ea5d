import { AgnesError } from '@agnes/errors';
import { type State, schema } from '@agnes/state';
import { and, eq, lt, sql } from 'drizzle-orm';

/** What each person has had of the query gateway in a UTC day. Written within a second, so a crash forgets no more than that. */
export interface Usage {
  /** Throws `daily_byte_cap_exceeded`. */
  check(userId: string): Promise<void>;
  /** A query that was answered with so many bytes. */
  add(userId: string, bytes: number): void;
  /** Resolves when all is written. Awaited before the state closes. */
  settled(): Promise<void>;
}

export interface UsageOptions {
  readonly state: Pick<State, 'db' | 'write'>;
  /** Bytes of results that a person may have in a UTC day; 0 for no cap. */
  readonly dailyBytes: number;
  /** Told when usage could not be written; it is tried again. */
  readonly onError: (error: unknown) => void;
  readonly now?: () => Date;
}

interface Day {
  readonly day: string;
  /** Written. */
  bytes: number;
  /** Not written yet. */
  added: { queries: number; bytes: number };
}

const WRITE_MS = 500;
/** People of the day that are held; of more all are forgotten that have nothing to be written. */
const MOST_HELD = 10_000;
const KEPT_DAYS = 90;

const { queryUsage } = schema;

export function createUsage({ state, dailyBytes, onError, now = () => new Date() }: UsageOptions): Usage {
  const held = new Map<string, Day>();
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;

  const today = (): string => now().toISOString().slice(0, 10);
  const keyOf = (userId: string, day: string): string => `${day} ${userId}`;
  const dayOf = (userId: string, day: string): Day => {
    const key = keyOf(userId, day);
    const known = held.get(key) ?? { day, bytes: 0, added: { queries: 0, bytes: 0 } };
    held.set(key, known);
    return known;
  };

  const load = async (userId: string): Promise<Day> => {
    const day = today();
    const known = held.get(keyOf(userId, day));
    if (known !== undefined) return known;
    const [row] = await state.db
      .select({ bytes: queryUsage.bytes })
      .from(queryUsage)
      .where(and(eq(queryUsage.user_id, userId), eq(queryUsage.day, day)));
    const loaded = held.get(keyOf(userId, day));
    if (loaded !== undefined) return loaded;
    forgetOld(day);
    const fresh = dayOf(userId, day);
    fresh.bytes = row?.bytes ?? 0;
    return fresh;
  };

  const forgetOld = (day: string): void => {
    for (const [key, entry] of held) {
      if (entry.added.queries === 0 && (entry.day !== day || held.size > MOST_HELD)) held.delete(key);
    }
  };

  const writeAll = async (): Promise<void> => {
    for (;;) {
      const batch = [...held].flatMap(([key, entry]) => {
        if (entry.added.queries === 0) return [];
        const { added } = entry;
        entry.added = { queries: 0, bytes: 0 };
        return [{ entry, added, userId: key.slice(entry.day.length + 1) }];
      });
      if (batch.length === 0) return;
      try {
        await state.write(async (tx) => {
          for (const { entry, added, userId } of batch) {
            await tx
              .insert(queryUsage)
              .values({ user_id: userId, day: entry.day, ...added })
              .onConflictDoUpdate({
                target: [queryUsage.user_id, queryUsage.day],
                set: {
                  queries: sql`${queryUsage.queries} + excluded.queries`,
                  bytes: sql`${queryUsage.bytes} + excluded.bytes`,
                },
              });
          }
          const oldest = new Date(now().getTime() - KEPT_DAYS * 86_400_000).toISOString().slice(0, 10);
          await tx.delete(queryUsage).where(lt(queryUsage.day, oldest));
        });
        for (const { entry, added } of batch) entry.bytes += added.bytes;
      } catch (error) {
        for (const { entry, added } of batch) {
          entry.added.queries += added.queries;
          entry.added.bytes += added.bytes;
        }
        throw error;
      }
    }
  };
  const write = (): Promise<void> => {
    writing ??= writeAll().finally(() => {
      writing = undefined;
    });
    return writing;
  };
  const schedule = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      write().catch((error: unknown) => {
        onError(error);
        schedule();
      });
    }, WRITE_MS).unref();
  };

  return {
    async check(userId) {
      if (dailyBytes === 0) return;
      const { bytes, added } = await load(userId);
      const current = bytes + added.bytes;
      if (current >= dailyBytes) throw capExceeded(current, dailyBytes, now());
    },
    add(userId, bytes) {
      const { added } = dayOf(userId, today());
      added.queries += 1;
      added.bytes += bytes;
      schedule();
    },
    async settled() {
      clearTimeout(timer);
      timer = undefined;
      await write();
    },
  };
}

function capExceeded(current: number, limit: number, now: Date): AgnesError {
  const midnight = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1);
  return new AgnesError(
    'daily_byte_cap_exceeded',
    `The results of your queries today are ${current} bytes, and ${limit} is what a person may have in a day (UTC).`,
    {
      hint: 'Wait until midnight UTC, pull the tables instead (agnes pull), or ask an administrator for a larger cap.',
      details: {
        reason: 'daily_byte_cap_exceeded',
        kind: 'result_bytes_per_day',
        current,
        limit,
        retry_after_seconds: Math.ceil((midnight - now.getTime()) / 1000),
      },
    },
  );
}
