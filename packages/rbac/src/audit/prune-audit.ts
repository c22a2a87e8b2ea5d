import { type State, schema } from '@agnes/state';
import { asc, lt, lte } from 'drizzle-orm';

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
  // Read outside the write: whoever waits to write does not wait for this, and nothing is written where nothing is old.
  const nthOldest = (n: number) =>
    state.db
      .select({ timestamp: auditLog.timestamp })
      .from(auditLog)
      .where(lt(auditLog.timestamp, before))
      .orderBy(asc(auditLog.timestamp))
      .offset(n - 1)
      .limit(1);
  const [last] = await nthOldest(most);
  if (last === undefined && (await nthOldest(1)).length === 0) return 0;
  const old = last === undefined ? lt(auditLog.timestamp, before) : lte(auditLog.timestamp, last.timestamp);
  const { rowCount } = await state.write((tx) => tx.delete(auditLog).where(old));
  return rowCount;
}
