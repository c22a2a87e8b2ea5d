import { boolean, string } from '@oclif/core/flags';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';
import { formatTable } from '../../../output/table.ts';
import { formatTime } from '../../../output/units.ts';

const COLUMNS = ['PERSON', 'NAME', 'PREFIX', 'SCOPE', 'EXPIRES', 'LAST USED', 'FROM', 'ID'].map((title) => ({ title }));

export class AdminTokenList extends AgnesCommand {
  static override summary = "Everybody's access tokens";
  static override examples = [
    '<%= config.bin %> admin token list',
    '<%= config.bin %> admin token list --user ana@example.com',
  ];
  static override flags = {
    server: serverFlag,
    user: string({ description: 'Only those of one person; id or e-mail address.' }),
    all: boolean({ description: 'Also those that are revoked.' }),
  };

  protected override async execute(): Promise<Result> {
    const { flags } = await this.parse(AdminTokenList);
    const { client } = await this.connect(flags.server);
    const owner = flags.user === undefined ? undefined : await client.getUser({ params: { id: flags.user } });
    const tokens = (await client.listAllTokens()).filter(
      (token) => (owner === undefined || token.user_id === owner.id) && (flags.all || token.revoked_at === null),
    );
    const rows = tokens.map((token) => [
      token.user_email ?? token.user_id,
      token.name,
      token.prefix,
      token.scope,
      token.revoked_at === null ? (token.expires_at === null ? 'no end' : formatTime(token.expires_at)) : 'revoked',
      formatTime(token.last_used_at),
      token.last_used_ip ?? '-',
      token.id,
    ]);
    return {
      data: tokens,
      text: rows.length === 0 ? '' : formatTable(COLUMNS, rows),
      notes: rows.length === 0 ? ['There are no access tokens.'] : [],
    };
  }
}
