import { once } from 'node:events';
import type { Result } from '../command.ts';
import { printable } from './table.ts';

/** Prints a result: data on stdout, everything else on stderr. */
export async function printResult(result: Result, { json }: { json: boolean }): Promise<void> {
  const text = json ? JSON.stringify(result.data, undefined, 2) : printable(result.text);
  if (text !== '') await writeStdout(`${text}\n`);
  for (const note of result.notes ?? []) process.stderr.write(`${printable(note)}\n`);
}

/** Writes to stdout and waits while its reader is slower than we are. */
export async function writeStdout(text: string): Promise<void> {
  if (!process.stdout.write(text) && !process.stdout.destroyed) {
    await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]);
  }
}
