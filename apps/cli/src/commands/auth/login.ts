import { string } from '@oclif/core/flags';
import { AgnesCommand, type Result } from '../../command.ts';
import { chooseServer, clientOf } from '../../connect.ts';
import { obtainEmail, obtainPassword } from '../../credentials.ts';
import { passwordFlags, serverFlag } from '../../flags.ts';
import { formatTime } from '../../output/units.ts';
import { writeDefaultServer } from '../../settings/default-server.ts';
import { saveToken } from '../../settings/tokens.ts';

export class Login extends AgnesCommand {
  static override summary = 'Sign in with e-mail and password';
  static override description = 'Keeps a session token on this computer, readable by you alone.';
  static override examples = [
    '<%= config.bin %> auth login --server https://agnes.example.com',
    '<%= config.bin %> auth login --email ann@example.com --password-stdin < password.txt',
  ];
  static override flags = {
    server: serverFlag,
    email: string({ description: 'Your e-mail address.' }),
    ...passwordFlags,
  };

  protected override async execute(): Promise<Result> {
    const { flags } = await this.parse(Login);
    const { server, from, fallback } = await chooseServer(process.env, flags.server);
    const email = await obtainEmail(flags.email);
    const password = await obtainPassword(flags);
    const session = await clientOf(server, this.config.version).signIn({ body: { email, password } });
    await saveToken(process.env, server, { access_token: session.access_token, email: session.email });
    if (from !== 'workspace' || fallback === undefined) await writeDefaultServer(process.env, server);
    const { role, expires_at } = session;
    return {
      data: { server, email: session.email, role, expires_at },
      text: `Signed in to ${server} as ${session.email} until ${formatTime(expires_at)}.`,
      notes: ['Next: agnes catalog'],
    };
  }
}
