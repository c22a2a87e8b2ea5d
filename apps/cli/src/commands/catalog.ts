import type { Client } from '@agnes/api-client';
import { AgnesCommand, type Result } from '../command.ts';
import { serverFlag } from '../flags.ts';
import { formatTable } from '../output/table.ts';
import { formatBytes, formatCount, formatTime } from '../output/units.ts';

const COLUMNS = [
  { title: 'NAME' },
  { title: 'MODE' },
  { title: 'SOURCE' },
  { title: 'ROWS', right: true },
  { title: 'SIZE', right: true },
  { title: 'UPDATED' },
  { title: 'DESCRIPTION' },
];

export class Catalog extends AgnesCommand {
  static override summary = 'The tables that are granted to you';
  static override examples = ['<%= config.bin %> catalog', '<%= config.bin %> catalog --json'];
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { flags } = await this.parse(Catalog);
    const { client } = await this.connect(flags.server);
    const catalog = await client.catalog();
    const rows = catalog.tables.map((table) => [
      table.name,
      modeOf(table),
      table.source_type,
      table.rows === null ? '?' : formatCount(table.rows),
      table.size_bytes === null ? '?' : formatBytes(table.size_bytes),
      formatTime(table.updated),
      table.description ?? '',
    ]);
    return {
      data: catalog,
      text: rows.length === 0 ? '' : formatTable(COLUMNS, rows),
      notes: [
        rows.length === 0
          ? 'No table is granted to you yet. Ask an administrator for: agnes admin grant create <group> table <table>'
          : `Next: ${['agnes schema <table>', 'agnes describe <table>', ...queriesOf(catalog.tables)].join('   ')}`,
      ],
    };
  }
}

type Table = Awaited<ReturnType<Client['catalog']>>['tables'][number];

/** Where this person can query the table: one that a policy shows in part never comes to the laptop, whatever its mode. */
function modeOf({ query_mode, restricted }: Table): string {
  return restricted && query_mode !== 'remote' ? 'server' : query_mode;
}

/** The queries that work on some of the tables. */
function queriesOf(tables: readonly Table[]): string[] {
  const modes = new Set(tables.map(modeOf));
  const local = modes.has('local') || modes.has('materialized');
  return [
    ...(local ? ['agnes query "SELECT …"'] : []),
    ...(modes.has('server') ? ['agnes query --remote "SELECT …"   (MODE server)'] : []),
  ];
}
