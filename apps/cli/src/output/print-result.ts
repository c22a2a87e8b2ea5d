import { once } from 'node:events';
import { hasErrorCode } from '@agnes/durable-files';
import type { Result } from '../command.ts';
import { printable } from './table.ts';

/** Prints a result: data on stdout, everything else on stderr. */
export async function printResult(result: Result, { json }: { json: boolean }): Promise<void> {
  const text = json ? JSON.stringify(result.data, undefined, 2) : printable(result.text);
  if (text !== '') await writeStdout(`${text}\n`);
  for (const note of result.notes ?? []) process.stderr.write(`${printable(note)}\n`);
}

const abandoned = new WeakSet<NodeJS.WritableStream>();

/** Takes it that a reader may leave early, as in `agnes … | head`: that is no error. */
export function allowClosing(stream: NodeJS.WritableStream): void {
  stream.on('error', (error: Error) => {
    if (!isClosedPipe(error)) throw error;
    abandoned.add(stream);
  });
}

/**
 * Writes to stdout and waits while its reader is slower than we are. Returns whether there still is one: when not, whoever
 * has more to print can stop.
 */
export async function writeStdout(text: string | Uint8Array): Promise<boolean> {
  const { stdout } = process;
  if (abandoned.has(stdout)) return false;
  if (!stdout.write(text)) {
    const waiting = new AbortController();
    const { signal } = waiting;
    try {
      await Promise.race([once(stdout, 'drain', { signal }), once(stdout, 'close', { signal })]);
    } catch (error) {
      if (!isClosedPipe(error)) throw error;
      abandoned.add(stdout);
    } finally {
      waiting.abort();
    }
  }
  return !abandoned.has(stdout);
}

/** How a pipe says that nobody reads it any more; `EOF` is Windows' word. */
function isClosedPipe(error: unknown): boolean {
  return hasErrorCode(error, 'EPIPE', 'EOF');
}
