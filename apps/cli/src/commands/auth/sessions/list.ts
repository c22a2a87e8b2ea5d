import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';
import { formatTable } from '../../../output/table.ts';
import { formatTime } from '../../../output/units.ts';

export class SessionsList extends AgnesCommand {
  static override summary = 'Where you are signed in';
  static override examples = ['<%= config.bin %> auth sessions list'];
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { flags } = await this.parse(SessionsList);
    const { client } = await this.connect(flags.server);
    const sessions = await client.listSessions();
    const rows = sessions.map((session) => [
      session.id,
      session.current ? 'this one' : '',
      session.method ?? '',
      session.last_used_ip ?? session.created_ip ?? '',
      formatTime(session.created_at),
      formatTime(session.last_used_at),
      session.user_agent ?? '',
    ]);
    const titles = ['ID', '', 'SIGNED IN BY', 'ADDRESS', 'SINCE', 'LAST USED', 'PROGRAM'].map((title) => ({ title }));
    return { data: sessions, text: formatTable(titles, rows) };
  }
}
