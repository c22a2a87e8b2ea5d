import { createHash } from 'node:crypto';
import { type StateDatabase, schema } from '@agnes/state';
import { asc, eq, inArray, like, lte, or } from 'drizzle-orm';

/** How often something was tried, until when that is remembered. */
export interface Attempts {
  readonly key: string;
  readonly count: number;
  readonly window_ends_at: Date;
}

/** A key of bounded length that tells nobody whose it is: what is tried, and hashes of by whom. */
export function attemptKey(what: string, ...subjects: readonly string[]): string {
  return [
    what,
    ...subjects.map((subject) => createHash('sha256').update(subject).digest('base64url').slice(0, 22)),
  ].join(':');
}

/** What is remembered at that time. */
export async function readAttempts(db: StateDatabase, key: string, at: Date): Promise<Attempts | undefined> {
  const [row] = await db.select().from(schema.attempts).where(eq(schema.attempts.key, key));
  return row === undefined || row.window_ends_at <= at ? undefined : row;
}

export async function writeAttempts(tx: StateDatabase, { key, count, window_ends_at }: Attempts): Promise<void> {
  await tx
    .insert(schema.attempts)
    .values({ key, count, window_ends_at })
    .onConflictDoUpdate({ target: schema.attempts.key, set: { count, window_ends_at } });
}

/** Forgets a key, and all keys that begin with it. */
export async function forgetAttempts(tx: StateDatabase, key: string): Promise<void> {
  const { attempts } = schema;
  // Keys hold letters, digits, `-`, `_` and `:` only; `_` would stand for any character, which reaches no other hash.
  await tx.delete(attempts).where(or(eq(attempts.key, key), like(attempts.key, `${key}:%`)));
}

/** Whether anything is over, or there is more than `most`. */
export async function needsSweep(db: StateDatabase, at: Date, most: number): Promise<boolean> {
  const { attempts } = schema;
  const [over] = await db.select({ key: attempts.key }).from(attempts).where(lte(attempts.window_ends_at, at)).limit(1);
  return over !== undefined || (await db.$count(attempts)) > most;
}

/** Forgets what is over, and of what is left the soonest to end beyond `most`. */
export async function sweepAttempts(tx: StateDatabase, at: Date, most: number): Promise<void> {
  const { attempts } = schema;
  await tx.delete(attempts).where(lte(attempts.window_ends_at, at));
  const rows = await tx.select({ key: attempts.key }).from(attempts).orderBy(asc(attempts.window_ends_at));
  const tooMany = rows.slice(0, Math.max(0, rows.length - most)).map(({ key }) => key);
  for (let from = 0; from < tooMany.length; from += 500) {
    await tx.delete(attempts).where(inArray(attempts.key, tooMany.slice(from, from + 500)));
  }
}
