import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';
import { formatTable } from '../../../output/table.ts';
import { formatTime } from '../../../output/units.ts';

export class TokenList extends AgnesCommand {
  static override summary = 'Your access tokens';
  static override examples = ['<%= config.bin %> auth token list'];
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { flags } = await this.parse(TokenList);
    const { client } = await this.connect(flags.server);
    const tokens = await client.listTokens();
    const rows = tokens.map((token) => [
      token.id,
      token.name,
      token.prefix,
      token.scope,
      token.revoked_at === null ? (token.expires_at === null ? 'no end' : formatTime(token.expires_at)) : 'revoked',
      formatTime(token.last_used_at),
    ]);
    const titles = ['ID', 'NAME', 'PREFIX', 'SCOPE', 'EXPIRES', 'LAST USED'].map((title) => ({ title }));
    return {
      data: tokens,
      text: rows.length === 0 ? '' : formatTable(titles, rows),
      notes: rows.length === 0 ? ['You have no access tokens. Make one: agnes auth token create --name <name>'] : [],
    };
  }
}
