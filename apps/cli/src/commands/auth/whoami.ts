import { AgnesCommand, type Result } from '../../command.ts';
import { serverFlag } from '../../flags.ts';
import { formatFields } from '../../output/table.ts';
import { formatTime } from '../../output/units.ts';

export class Whoami extends AgnesCommand {
  static override summary = 'Who you are, as the server sees it';
  static override examples = ['<%= config.bin %> auth whoami'];
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { flags } = await this.parse(Whoami);
    const { client, server } = await this.connect(flags.server);
    const me = await client.me();
    const { kind, name, scope, method, expires_at } = me.credential;
    return {
      data: { server, ...me },
      text: formatFields([
        ['E-mail', me.email],
        ['Server', server],
        ['Role', me.role],
        ['Groups', me.groups.map((group) => group.name).join(', ') || 'none'],
        ['Signed in by', kind === 'session' ? (method ?? 'session') : `access token '${name}', scope ${scope}`],
        ['Until', expires_at === null ? 'revoked' : formatTime(expires_at)],
      ]),
    };
  }
}
