import { boolean, string } from '@oclif/core/flags';
import { AgnesCommand, type Result } from '../../command.ts';
import { chooseServer, clientOf } from '../../connect.ts';
import { obtainToken } from '../../credentials.ts';
import { serverFlag, tokenFlags } from '../../flags.ts';
import { writeDefaultServer } from '../../settings/default-server.ts';
import { saveToken } from '../../settings/tokens.ts';

export class ImportToken extends AgnesCommand {
  static override summary = 'Keep an access token that you got elsewhere';
  static override description = 'The token is tried first; one that does not work leaves what was kept before.';
  static override examples = [
    '<%= config.bin %> auth import-token --server https://agnes.example.com --token-stdin < token.txt',
  ];
  static override flags = {
    server: serverFlag,
    ...tokenFlags,
    email: string({ description: 'Whose token it is; only noted, and asked from the server when left out.' }),
    'skip-verify': boolean({ description: 'Keep it without trying it.' }),
  };

  protected override async execute(): Promise<Result> {
    const { flags } = await this.parse(ImportToken);
    const { server } = await chooseServer(process.env, flags.server);
    const token = await obtainToken(flags);
    const client = clientOf(server, this.config.version, token);
    const email = flags['skip-verify'] ? (flags.email ?? '') : (await client.me()).email;
    await saveToken(process.env, server, { access_token: token, email });
    if (flags.server !== undefined) await writeDefaultServer(process.env, server);
    return {
      data: { server, email, verified: !flags['skip-verify'] },
      text: `Token kept for ${server}${email === '' ? '' : ` (${email})`}.`,
      notes: ['Next: agnes catalog'],
    };
  }
}
