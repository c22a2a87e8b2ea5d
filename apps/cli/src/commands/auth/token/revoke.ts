import { AgnesError } from '@agnes/errors';
import { required } from '../../../arguments.ts';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';

export class TokenRevoke extends AgnesCommand {
  static override summary = 'Revoke one of your access tokens';
  static override examples = ['<%= config.bin %> auth token revoke nightly'];
  static override args = {
    token: required('Its id, its name, or its first characters.'),
  };
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(TokenRevoke);
    const { client } = await this.connect(flags.server);
    const token = chooseToken(args.token, await client.listTokens());
    await client.revokeToken({ params: { id: token.id } });
    return {
      data: { id: token.id, name: token.name, revoked: true },
      text: `Revoked '${token.name}' (${token.prefix}…).`,
    };
  }
}

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly revoked_at: string | null;
}

/** The one token that is meant: by id, else by name, else by how it begins. */
export function chooseToken<T extends Listed>(wanted: string, tokens: readonly T[]): T {
  const live = tokens.filter((token) => token.revoked_at === null);
  const ways = [
    live.filter((token) => token.id === wanted),
    live.filter((token) => token.name === wanted),
    live.filter((token) => token.id.startsWith(wanted) || token.prefix.startsWith(wanted)),
  ];
  const found = ways.find((some) => some.length > 0) ?? [];
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (found.length === 0) {
    throw new AgnesError('token_not_found', `You have no token '${wanted}'.`, { hint: 'agnes auth token list' });
  }
  throw new AgnesError('usage', `'${wanted}' means ${found.length} tokens: ${found.map(({ id }) => id).join(', ')}.`, {
    hint: 'Give the id: agnes auth token revoke <id>',
  });
}
