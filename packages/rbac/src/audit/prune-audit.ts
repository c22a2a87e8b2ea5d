import { type State, schema } from '@agnes/state';
import { asc, inArray, lt } from 'drizzle-orm';

const ROWS_A_BATCH = 5000;
/** A first pruning of a log of years is spread over several turns. */
const BATCHES_A_TURN = 40;

/**
 * Removes entries from before a moment, the oldest first, a bounded number a transaction and a turn, so that nobody waits
 * long for the state. Returns how many went.
 */
export async function pruneAudit(
  state: State,
  before: Date,
  { rows = ROWS_A_BATCH, batches = BATCHES_A_TURN } = {},
): Promise<number> {
  let removed = 0;
  for (let batch = 0; batch < batches; batch += 1) {
    const count = await pruneBatch(state, before, rows);
    removed += count;
    if (count < rows) break;
  }
  return removed;
}

async function pruneBatch(state: State, before: Date, most: number): Promise<number> {
  const { auditLog } = schema;
  // Read outside the write: whoever waits to write does not wait for this.
  const old = await state.db
    .select({ id: auditLog.id })
    .from(auditLog)
    .where(lt(auditLog.timestamp, before))
    .orderBy(asc(auditLog.timestamp))
    .limit(most);
  if (old.length === 0) return 0;
  await state.write((tx) =>
    tx.delete(auditLog).where(
      inArray(
        auditLog.id,
        old.map(({ id }) => id),
      ),
    ),
  );
  return old.length;
}
