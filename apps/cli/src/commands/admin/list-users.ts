import { AgnesCommand, type Result } from '../../command.ts';
import { serverFlag } from '../../flags.ts';
import { formatTable } from '../../output/table.ts';

const COLUMNS = ['EMAIL', 'NAME', 'ROLE', 'ACTIVE', 'PASSWORD', 'GROUPS', 'ID'].map((title) => ({ title }));

export class ListUsers extends AgnesCommand {
  static override summary = 'Everybody with an account';
  static override examples = ['<%= config.bin %> admin list-users'];
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { flags } = await this.parse(ListUsers);
    const { client } = await this.connect(flags.server);
    const users = await client.listUsers();
    const rows = users.map((user) => [
      user.email,
      user.name ?? '',
      user.role,
      user.active ? 'yes' : 'no',
      user.has_password ? 'set' : 'none',
      user.groups.map((group) => group.name).join(', '),
      user.id,
    ]);
    return { data: users, text: formatTable(COLUMNS, rows) };
  }
}
