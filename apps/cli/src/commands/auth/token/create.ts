import { TOKEN_SCOPE_NAMES, type TokenScope } from '@agnes/api-contract/scopes';
import { AgnesError } from '@agnes/errors';
import { boolean, integer, string } from '@oclif/core/flags';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';
import { formatTime } from '../../../output/units.ts';

export class TokenCreate extends AgnesCommand {
  static override summary = 'Make an access token for a script or an agent';
  static override description = 'Needs a signed-in session: a token cannot make tokens. It is shown once.';
  static override examples = [
    '<%= config.bin %> auth token create --name nightly --ttl 30d --raw',
    '<%= config.bin %> auth token create --name laptop --scope pull --expires-in-days 30',
  ];
  static override flags = {
    server: serverFlag,
    name: string({ required: true, description: 'What the token is for.' }),
    ttl: string({ default: '90d', description: 'How long it lasts: days (90d), hours (12h) or never.' }),
    'expires-in-days': integer({ description: 'The same in days.', min: 1, max: 3650, exclusive: ['ttl'] }),
    scope: string({
      options: TOKEN_SCOPE_NAMES,
      default: 'general',
      description: 'What it may do: general is whatever you may; pull, query and read are that much and no more.',
    }),
    raw: boolean({ description: 'Print the token alone.', exclusive: ['json'] }),
  };

  protected override async execute(): Promise<Result> {
    const { flags } = await this.parse(TokenCreate);
    const days = flags['expires-in-days'];
    const body = {
      name: flags.name,
      // oclif has checked it.
      scope: flags.scope as TokenScope,
      ...(days === undefined ? lifetime(flags.ttl) : { expires_in_days: days }),
    };
    const { client } = await this.connect(flags.server);
    const created = await client.createToken({ body });
    const until = created.expires_at === null ? 'until it is revoked' : `until ${formatTime(created.expires_at)}`;
    return {
      data: created,
      text: created.token,
      notes: flags.raw ? [] : [`Token '${created.name}' is valid ${until}. It is not shown again.`],
    };
  }
}

function lifetime(ttl: string): { expires_in_days: number | null } | { ttl_seconds: number } {
  if (ttl === 'never') return { expires_in_days: null };
  const match = /^(\d{1,5})([dh])$/.exec(ttl);
  if (match === null || Number(match[1]) === 0) {
    throw new AgnesError('usage', `'${ttl}' is no lifetime of a token.`, {
      hint: 'Write --ttl 90d, --ttl 12h or --ttl never',
    });
  }
  const amount = Number(match[1]);
  return match[2] === 'd' ? { expires_in_days: amount } : { ttl_seconds: amount * 3600 };
}
