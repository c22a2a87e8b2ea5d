import { AgnesError } from '@agnes/errors';
import { createWriteBehind, type State, schema } from '@agnes/state';
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
  /** Told once when usage cannot be written, until it can again. */
  readonly onError: (error: unknown) => void;
  readonly now?: () => Date;
  /** People of the day that are held. Default 10,000. */
  readonly most?: number;
}

/** What a person has had in a day. */
interface Day {
  readonly userId: string;
  readonly day: string;
  /** Bytes in the state; undefined until it told. */
  stored: number | undefined;
  /** Not in the state yet. */
  queries: number;
  bytes: number;
}

/** Of more people, all are forgotten of whom nothing waits to be written. */
const MOST_HELD = 10_000;
const KEPT_DAYS = 90;

const { queryUsage } = schema;

export function createUsage(options: UsageOptions): Usage {
  const { state, dailyBytes, onError, now = () => new Date(), most = MOST_HELD } = options;
  const held = new Map<string, Day>();

  const today = (): string => now().toISOString().slice(0, 10);
  const dayOf = (userId: string, day: string): Day => {
    const key = `${day} ${userId}`;
    const known = held.get(key);
    if (known !== undefined) return known;
    for (const [other, entry] of held) {
      if (entry.queries === 0 && (entry.day !== day || held.size >= most)) held.delete(other);
    }
    const fresh: Day = { userId, day, stored: undefined, queries: 0, bytes: 0 };
    held.set(key, fresh);
    return fresh;
  };

  const load = async (userId: string): Promise<number> => {
    const day = today();
    const { stored, bytes } = dayOf(userId, day);
    if (stored !== undefined) return stored + bytes;
    const [row] = await state.db
      .select({ bytes: queryUsage.bytes })
      .from(queryUsage)
      .where(and(eq(queryUsage.user_id, userId), eq(queryUsage.day, day)));
    // By now they may have been forgotten, or written, which told it too.
    const entry = dayOf(userId, day);
    entry.stored ??= row?.bytes ?? 0;
    return entry.stored + entry.bytes;
  };

  const writeBatch = async (batch: readonly Day[]): Promise<void> => {
    const stored = await state.write(async (tx) => {
      const sums: (number | undefined)[] = [];
      for (const { userId, day, queries, bytes } of batch) {
        const [row] = await tx
          .insert(queryUsage)
          .values({ user_id: userId, day, queries, bytes })
          .onConflictDoUpdate({
            target: [queryUsage.user_id, queryUsage.day],
            set: {
              queries: sql`${queryUsage.queries} + excluded.queries`,
              bytes: sql`${queryUsage.bytes} + excluded.bytes`,
            },
          })
          .returning({ bytes: queryUsage.bytes });
        sums.push(row?.bytes);
      }
      const oldest = new Date(now().getTime() - KEPT_DAYS * 86_400_000).toISOString().slice(0, 10);
      await tx.delete(queryUsage).where(lt(queryUsage.day, oldest));
      return sums;
    });
    for (const [index, { userId, day, queries, bytes }] of batch.entries()) {
      const entry = dayOf(userId, day);
      entry.stored = stored[index];
      entry.queries -= queries;
      entry.bytes -= bytes;
    }
  };
  const waiting = (): Day[] => [...held.values()].filter(({ queries }) => queries > 0).map((entry) => ({ ...entry }));
  const behind = createWriteBehind({
    async writeAll() {
      for (let batch = waiting(); batch.length > 0; batch = waiting()) await writeBatch(batch);
    },
    onError,
  });

  return {
    async check(userId) {
      if (dailyBytes === 0) return;
      const current = await load(userId);
      if (current >= dailyBytes) throw capExceeded(current, dailyBytes, now());
    },
    add(userId, bytes) {
      const entry = dayOf(userId, today());
      entry.queries += 1;
      entry.bytes += bytes;
      behind.due();
    },
    settled: () => behind.settled(),
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
