import { createHash } from 'node:crypto';
import { AgnesError } from '@agnes/errors';
import { openPresent, pendingSteps, readAll, STATE_TABLES, tableName } from './inspect.ts';
import type { StateLocation } from './location.ts';
import { storable } from './session.ts';
import { openState } from './state.ts';

export interface CopyOptions {
  readonly from: StateLocation;
  readonly to: StateLocation;
}

const BATCH = 500;

/**
 * Copies every table of a state database into another, of whichever engine, in one transaction; reads back what was written
 * and compares it row by row before it is committed. Both are locked meanwhile. Returns the rows by table. Throws what
 * `openState` throws, `not_found` when there is nothing to copy, and `invalid_config` when the source has yet to be migrated
 * or the target is not empty.
 */
export async function copyState({ from, to }: CopyOptions): Promise<Map<string, number>> {
  const source = await openPresent(from);
  try {
    const pending = await pendingSteps(source);
    if (pending.length > 0) {
      throw new AgnesError('invalid_config', `The state to be copied has yet to take ${pending.join(', ')}.`, {
        hint: 'Start the server of this release on it once, stop it, and copy then.',
      });
    }
    await using target = await openState(to);
    return await source.engine.db.transaction((reader) =>
      target.write(async (writer) => {
        const copied = new Map<string, number>();
        for (const table of STATE_TABLES) {
          const name = tableName(table);
          if ((await writer.$count(table)) > 0) throw notEmpty(name);
          const rows = (await readAll(reader, table)).map(storableRow);
          for (let start = 0; start < rows.length; start += BATCH) {
            await writer.insert(table).values(rows.slice(start, start + BATCH) as never);
          }
          if (digest(await readAll(writer, table)) !== digest(rows)) {
            throw new Error(`Table ${name} does not read back as it was written; nothing was copied.`);
          }
          copied.set(name, rows.length);
        }
        return copied;
      }),
    );
  } finally {
    await source.release();
  }
}

/** What an earlier release may have written to a file differs from what it reads back as: NULs in text. */
function storableRow(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, storable(value)]));
}

/** The same for the same rows in any order, which the engines do not share. */
function digest(rows: readonly Record<string, unknown>[]): string {
  const each = rows
    .map((row) =>
      createHash('sha256')
        .update(JSON.stringify(Object.entries(row)))
        .digest('hex'),
    )
    .sort();
  return `${each.length}:${createHash('sha256').update(each.join()).digest('hex')}`;
}

function notEmpty(table: string): AgnesError {
  return new AgnesError('invalid_config', `The state to copy into is not empty: ${table} has rows.`, {
    hint: 'Copy into a new, empty database; a server that was started on it has already written to it.',
  });
}
