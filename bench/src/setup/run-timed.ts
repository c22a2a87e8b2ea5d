import { type ProcessOptions, startProcess } from '@agnes/testkit';

/** Runs a program to its end and answers the milliseconds from spawn to exit. Throws when it fails. */
export async function runTimed(file: string, args: readonly string[], options: ProcessOptions = {}): Promise<number> {
  const start = performance.now();
  await using child = await startProcess(file, args, options);
  const { code, signal } = await child.exited;
  const took = performance.now() - start;
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${code ?? signal}:\n${child.stderr()}`);
  return took;
}
