import type { PublishedFile, PublishRequest, TableMessage } from './protocol.ts';
import { type Failure, type PublishProcessOptions, runPublisher, type SourceContent } from './publish-process.ts';

/**
 * Reads a source to its end. A table that costs its runner the life is refused, and a new runner reads what is left without
 * it. Throws as {@link runPublisher}; the deadline is for all runners together.
 */
export async function readSource(
  request: Omit<PublishRequest, 'leave_out'>,
  options: PublishProcessOptions,
): Promise<SourceContent> {
  const until = performance.now() + options.deadlineMs;
  const tables: TableMessage[] = [];
  const failed = new Map<string, Failure>();
  const skipped = new Map<string, SourceContent['skipped'][number]>();
  const files = new Map<string, PublishedFile>();
  const leaveOut: string[] = [];
  for (;;) {
    const deadlineMs = Math.max(1, until - performance.now());
    const { content, finished, stopped } = await runPublisher(
      { ...request, leave_out: leaveOut },
      { ...options, deadlineMs },
    );
    tables.push(...content.tables);
    for (const one of content.failed) failed.set(one.name, one);
    for (const one of content.skipped) skipped.set(one.name, one);
    for (const file of content.files) files.set(file.path, file);
    if (stopped === undefined) {
      return {
        ...content,
        tables,
        failed: [...failed.values()],
        skipped: [...skipped.values()],
        files: [...files.values()],
      };
    }
    failed.set(stopped.name, stopped);
    leaveOut.push(...finished, stopped.name);
  }
}
