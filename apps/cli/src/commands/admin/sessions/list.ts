import { required } from '../../../arguments.ts';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';
import { formatTable } from '../../../output/table.ts';
import { formatTime } from '../../../output/units.ts';

const COLUMNS = ['SINCE', 'BY', 'FROM', 'LAST USED', 'LAST FROM', 'ENDS', 'WITH', 'ID'].map((title) => ({ title }));

export class AdminSessionsList extends AgnesCommand {
  static override summary = 'Where a person is signed in';
  static override examples = ['<%= config.bin %> admin sessions list ana@example.com'];
  static override args = { user: required('Id or e-mail address.') };
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(AdminSessionsList);
    const { client } = await this.connect(flags.server);
    const sessions = await client.listUserSessions({ params: { id: args.user } });
    const rows = sessions.map((session) => [
      formatTime(session.created_at),
      session.method ?? '-',
      session.created_ip ?? '-',
      formatTime(session.last_used_at),
      session.last_used_ip ?? '-',
      formatTime(session.expires_at),
      session.user_agent ?? '-',
      session.id,
    ]);
    return {
      data: sessions,
      text: rows.length === 0 ? '' : formatTable(COLUMNS, rows),
      notes: rows.length === 0 ? [`${args.user} is signed in nowhere.`] : [],
    };
  }
}
