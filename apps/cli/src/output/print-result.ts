import { once } from 'node:events';
import type { Result } from '../command.ts';
import { printable } from './table.ts';

/** Prints a result: data on stdout, everything else on stderr. */
export async function printResult(result: Result, { json }: { json: boolean }): Promise<void> {
  const text = json ? JSON.stringify(result.data, undefined, 2) : printable(result.text);
  if (text !== '') await writeStdout(`${text}\n`);
  for (const note of result.notes ?? []) process.stderr.write(`${printable(note)}\n`);
}

/**
 * Writes to stdout and waits while its reader is slower than we are. Returns whether there still is one: when not, as
 * after `| head`, whoever has more to print can stop.
 */
export async function writeStdout(text: string): Promise<boolean> {
  if (!process.stdout.writable) return false;
  if (!process.stdout.write(text)) {
    const settled = new AbortController();
    const signal = settled.signal;
    await Promise.race([once(process.stdout, 'drain', { signal }), once(process.stdout, 'close', { signal })]).catch(
      (error: unknown) => {
        if (!isClosedPipe(error)) throw error;
      },
    );
    settled.abort();
  }
  return process.stdout.writable;
}

/** Whether this is how a pipe says that nobody reads it any more (`EOF` on Windows). */
export function isClosedPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EPIPE' || error.code === 'EOF');
}
