import { AgnesCommand, type Result } from '../../command.ts';
import { serverFlag } from '../../flags.ts';
import { formatTable } from '../../output/table.ts';
import { formatBytes, formatCount, formatTime } from '../../output/units.ts';

const COLUMNS = [
  { title: 'NAME' },
  { title: 'SOURCE' },
  { title: 'MODE' },
  { title: 'ROWS', right: true },
  { title: 'SIZE', right: true },
  { title: 'SYNC' },
  { title: 'LAST SYNC' },
  { title: 'SCHEDULE' },
  { title: 'ID' },
];

export class ListTables extends AgnesCommand {
  static override summary = 'Every registered table and how its last sync went';
  static override examples = ['<%= config.bin %> admin list-tables', '<%= config.bin %> admin list-tables --json'];
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { flags } = await this.parse(ListTables);
    const { client } = await this.connect(flags.server);
    const registry = await client.listRegistry();
    const rows = registry.tables.map((table) => [
      table.name,
      table.source_type,
      table.query_mode,
      table.rows === null ? '-' : formatCount(table.rows),
      table.size_bytes === null ? '-' : formatBytes(table.size_bytes),
      table.last_sync_status,
      formatTime(table.last_sync),
      table.sync_schedule ?? '-',
      table.id,
    ]);
    const failed = registry.tables.filter((table) => table.last_sync_error !== null);
    return {
      data: registry,
      text: rows.length === 0 ? '' : formatTable(COLUMNS, rows),
      notes: [
        ...(rows.length === 0 ? ['No table is registered. Next: agnes admin register-table --help'] : []),
        ...failed.map((table) => `${table.name}: ${table.last_sync_error}`),
      ],
    };
  }
}
