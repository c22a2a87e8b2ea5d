import { sizeOf } from '@agnes/durable-files';
import { AgnesCommand, type Result } from '../command.ts';
import { formatFields } from '../output/table.ts';
import { formatBytes, formatCount, formatTime, plural } from '../output/units.ts';
import { readState } from '../workspace/state.ts';
import { requireWorkspace, workspacePaths } from '../workspace/workspace.ts';

export class Status extends AgnesCommand {
  static override summary = 'What this workspace has; asks no server';
  static override examples = ['<%= config.bin %> status', '<%= config.bin %> status --json'];

  protected override async execute(): Promise<Result> {
    await this.parse(Status);
    const { root, file } = await requireWorkspace(process.env);
    const { state } = await readState(root);
    const tables = Object.entries(state?.tables ?? {});
    const parts = new Map(
      tables.flatMap(([, table]) => table.parts.map(({ sha256, bytes }) => [sha256, bytes] as const)),
    );
    const bytes = [...parts.values()].reduce((sum, size) => sum + size, 0);
    const rows = tables.reduce((sum, [, table]) => sum + table.rows, 0);
    const hasDatabase = (await sizeOf(workspacePaths.database(root))) !== undefined;
    const notes: string[] = [];
    if (file.initialized_at === null) notes.push(`Not finished: agnes init --server-url ${file.server}`);
    else if (state === undefined || !hasDatabase) notes.push('Next: agnes pull');
    return {
      data: {
        workspace: root,
        server: file.server,
        initialized: file.initialized_at !== null,
        database: hasDatabase ? workspacePaths.database(root) : null,
        last_pull: state?.pulled_at ?? null,
        complete: state !== undefined && state.etag !== null,
        data_version: state?.data_version ?? null,
        tables: tables.map(([name, { version, rows, updated, parts }]) => ({
          name,
          version,
          rows,
          updated,
          parts: parts.length,
          bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
        })),
        elsewhere: state?.elsewhere ?? {},
        rows,
        bytes,
        store: state?.store ?? null,
      },
      text: formatFields([
        ['Workspace', root],
        ['Server', file.server],
        ['Tables', `${formatCount(tables.length)} (${plural(rows, 'row')}, ${formatBytes(bytes)})`],
        ['Names', tables.map(([name]) => name).join(', ') || 'none'],
        ['Last pull', formatTime(state?.pulled_at ?? null)],
        ['Database', hasDatabase ? workspacePaths.database(root) : 'none'],
      ]),
      notes,
    };
  }
}
