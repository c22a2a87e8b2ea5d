import { eq } from 'drizzle-orm';
import { pgTable, text } from 'drizzle-orm/pg-core';
import { openDuckdbEngine } from '../src/duckdb/engine.ts';
import { bumpVersion, newId, openState, schema } from '../src/index.ts';
import { migrate } from '../src/migrate.ts';
import type { Migration } from '../src/migrations/migration.ts';

/**
 * The process that crash.test.ts kills.
 * `write <file>`: transactions for ever; prints the number of each once it is acknowledged.
 * `migrate <file> <ladder as JSON>`: takes the steps, and kills itself between the commit and the checkpoint of the last.
 */
const [mode, path = '', ladderText = '[]'] = process.argv.slice(2);

if (mode === 'write') {
  const state = await openState({ path });
  for (;;) {
    const number = await state.write(async (tx) => {
      const version = await bumpVersion(tx, 'data_version');
      const now = new Date();
      await tx
        .insert(schema.users)
        .values({ id: 'one', email: `${version}@example.com`, created_at: now, updated_at: now })
        .onConflictDoUpdate({ target: schema.users.id, set: { email: `${version}@example.com`, updated_at: now } });
      await tx.delete(schema.userGroups).where(eq(schema.userGroups.name, 'group'));
      await tx.insert(schema.userGroups).values({ id: newId('grp'), name: 'group', created_at: now });
      await tx
        .insert(schema.auditLog)
        .values({ id: `${version}`, timestamp: now, action: 'test', params: { version, padding: 'x'.repeat(500) } });
      return version;
    });
    process.stdout.write(`${number}\n`);
    if (number % 25 === 0) {
      await state.checkpoint();
    }
    if (number % 40 === 0) {
      await state.snapshot('crash-test');
    }
  }
}

if (mode === 'migrate') {
  const ladder: Migration[] = JSON.parse(ladderText);
  const engine = await openDuckdbEngine(path);
  const taken = pgTable('schema_migrations', { id: text('id') });
  await migrate(
    {
      ...engine,
      async checkpoint() {
        const [last] = await engine.db
          .select()
          .from(taken)
          .where(eq(taken.id, ladder.at(-1)?.id ?? ''));
        if (last) {
          process.kill(process.pid, 'SIGKILL');
        }
        await engine.checkpoint();
      },
    },
    ladder,
    { now: () => new Date(), before: async () => undefined },
  );
}
