import { mkdir, rm } from 'node:fs/promises';
import { minimalEnvironment, nodeCommand } from '@agnes/child-process';
import { parse } from 'valibot';
import { runChild } from '../process/run-child.ts';
import { type ViewsAnswer, type ViewsRequest, viewsAnswer } from './protocol.ts';

/** Runs a views runner to its end. Throws when it fails: `server.duckdb` is then as it was. */
export async function updateViews(
  request: ViewsRequest,
  options: { readonly temporary: string; readonly deadlineMs: number },
): Promise<ViewsAnswer> {
  await mkdir(options.temporary, { recursive: true });
  let answer: ViewsAnswer | undefined;
  try {
    const end = await runChild({
      command: nodeCommand(import.meta.resolve('@agnes/orchestrator/views-runner'), { heapMb: 512 }),
      environment: minimalEnvironment(options.temporary),
      cwd: options.temporary,
      input: JSON.stringify(request),
      keepStdin: true,
      onLine: (line) => {
        answer = parse(viewsAnswer, JSON.parse(line));
      },
      maxLineBytes: 64 * 1024,
      deadlineMs: options.deadlineMs,
      graceMs: 0,
    });
    if (end.code === 0 && answer !== undefined) return answer;
    const last = end.stderr.lines(3).join(' | ');
    throw new Error(`The views runner ended early (${end.reason}, ${end.signal ?? end.code}). ${last}`);
  } finally {
    await rm(options.temporary, { recursive: true, force: true, maxRetries: 3 });
  }
}
