import { createHash } from 'node:crypto';
import { AgnesError, messageOf } from '@agnes/errors';
import { asc, sql } from 'drizzle-orm';
import type { Engine } from './engine.ts';
import type { Migration } from './migrations/migration.ts';
import { schemaMigrations } from './schema.ts';

const CREATE_LADDER = `CREATE TABLE IF NOT EXISTS schema_migrations (
  id text PRIMARY KEY,
  hash text NOT NULL,
  applied_at timestamptz NOT NULL
)`;

export interface MigrateOptions {
  readonly now: () => Date;
  /** Called before each step that changes a database which holds something. */
  readonly before: (migration: Migration) => Promise<void>;
}

/**
 * Takes the steps that the database has not taken: each in a transaction of its own, followed by a checkpoint, so that a
 * changed table never has to come out of the log. Throws `state_migration_failed`, and leaves the step undone, when a step
 * fails, when a step that was taken has changed since, or when the database has taken steps that this build does not know.
 */
export async function migrate(
  engine: Engine,
  ladder: readonly Migration[],
  { now, before }: MigrateOptions,
): Promise<void> {
  await engine.transaction((tx) => tx.execute(sql.raw(CREATE_LADDER)));
  await engine.checkpoint();
  const taken = await engine.db.select().from(schemaMigrations).orderBy(asc(schemaMigrations.id));
  taken.forEach((step, index) => {
    checkTaken(step, ladder[index]);
  });
  for (const [index, migration] of ladder.entries()) {
    if (index < taken.length) {
      continue;
    }
    // A database that took none yet holds nothing.
    if (taken.length > 0) {
      await before(migration);
    }
    await take(engine, migration, now());
  }
}

export function hashOf(migration: Migration): string {
  return createHash('sha256')
    .update([migration.id, ...migration.statements].join('\0'))
    .digest('hex');
}

async function take(engine: Engine, migration: Migration, applied_at: Date): Promise<void> {
  try {
    await engine.transaction(async (tx) => {
      for (const statement of migration.statements) {
        await tx.execute(sql.raw(statement));
      }
      await tx.insert(schemaMigrations).values({ id: migration.id, hash: hashOf(migration), applied_at });
    });
    await engine.checkpoint();
  } catch (error) {
    throw new AgnesError(
      'state_migration_failed',
      `Migration ${migration.id} of the state database failed: ${messageOf(error)}`,
      {
        hint: 'The database is as it was before this step. Start the previous release, and report this message.',
        details: { migration: migration.id },
        cause: error,
      },
    );
  }
}

export function checkTaken(taken: { readonly id: string; readonly hash: string }, known: Migration | undefined): void {
  if (known?.id !== taken.id) {
    throw new AgnesError(
      'state_migration_failed',
      `The state database was written by a newer release: this one does not know its migration ${taken.id}.`,
      {
        hint: 'Start that release again, or go back with agnes-server state restore to a snapshot of this one.',
        details: { migration: taken.id },
      },
    );
  }
  if (hashOf(known) !== taken.hash) {
    throw new AgnesError(
      'state_migration_failed',
      `Migration ${taken.id} is not the one that this state database has taken.`,
      {
        hint: 'Start the release that wrote this data folder: a build must not change a migration that was released.',
        details: { migration: taken.id },
      },
    );
  }
}
