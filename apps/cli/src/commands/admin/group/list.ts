import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';
import { formatTable } from '../../../output/table.ts';

const COLUMNS = [
  { title: 'NAME' },
  { title: 'MEMBERS', right: true },
  { title: 'GRANTS', right: true },
  { title: 'KIND' },
  { title: 'DESCRIPTION' },
  { title: 'ID' },
];

export class GroupList extends AgnesCommand {
  static override summary = 'Every group';
  static override examples = ['<%= config.bin %> admin group list'];
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { flags } = await this.parse(GroupList);
    const { client } = await this.connect(flags.server);
    const groups = await client.listGroups();
    const rows = groups.map((group) => [
      group.name,
      String(group.member_count),
      String(group.grant_count),
      group.is_system ? 'system' : group.origin,
      group.description ?? '',
      group.id,
    ]);
    return { data: groups, text: formatTable(COLUMNS, rows) };
  }
}
