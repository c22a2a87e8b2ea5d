import { messageOf } from '@agnes/errors';

/** Whether a database could not be opened or attached because another process has it open. */
export function isHeldElsewhere(error: unknown): boolean {
  // The second is what Windows says.
  return /could not set lock on file|used by another process/i.test(messageOf(error));
}

/** Which process that is, `/usr/bin/python3 (PID 123)`, where DuckDB can tell. */
export function holderOf(error: unknown): string | undefined {
  return /held in (.+? \(PID \d+\))/.exec(messageOf(error))?.[1];
}
