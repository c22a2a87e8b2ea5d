import { required } from '../../../arguments.ts';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';
import { shellWord } from '../../../output/shell-word.ts';
import { formatTable } from '../../../output/table.ts';
import { formatTime } from '../../../output/units.ts';

const COLUMNS = ['EMAIL', 'NAME', 'ACTIVE', 'SOURCE', 'SINCE', 'ID'].map((title) => ({ title }));

export class GroupMembers extends AgnesCommand {
  static override summary = 'Members of a group';
  static override examples = ['<%= config.bin %> admin group members analysts'];
  static override args = { group: required('Name or id.') };
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(GroupMembers);
    const { client } = await this.connect(flags.server);
    const members = await client.listMembers({ params: { id: args.group } });
    const rows = members.map((member) => [
      member.email,
      member.name ?? '',
      member.active ? 'yes' : 'no',
      member.source,
      formatTime(member.added_at),
      member.user_id,
    ]);
    return {
      data: members,
      text: rows.length === 0 ? '' : formatTable(COLUMNS, rows),
      notes:
        rows.length === 0
          ? [`Nobody is in it. Next: agnes admin group add-member ${shellWord(args.group)} <email>`]
          : [],
    };
  }
}
