import { string } from '@oclif/core/flags';
import { required } from '../../arguments.ts';
import { AgnesCommand, type Result } from '../../command.ts';
import { chooseServer, clientOf } from '../../connect.ts';
import { obtainPassword } from '../../credentials.ts';
import { passwordFlags, serverFlag } from '../../flags.ts';
import { askSecret } from '../../prompt.ts';
import { readUserFile } from '../../read-user-file.ts';
import { writeDefaultServer } from '../../settings/default-server.ts';
import { saveToken } from '../../settings/tokens.ts';

export class Bootstrap extends AgnesCommand {
  static override summary = 'Make the first administrator of a new server';
  static override description =
    'Works once. The code is in the file bootstrap-code in the state folder of the server, written at its first start.';
  static override examples = [
    '<%= config.bin %> setup bootstrap ann@example.com --server https://agnes.example.com --code-file bootstrap-code',
  ];
  static override args = { email: required('E-mail address of the administrator.') };
  static override flags = {
    server: serverFlag,
    name: string({ description: 'Name of the administrator.' }),
    code: string({ description: 'The bootstrap code.', exclusive: ['code-file'] }),
    'code-file': string({ description: 'The file that holds the code.', helpValue: 'PATH' }),
    ...passwordFlags,
  };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(Bootstrap);
    const { server } = await chooseServer(process.env, flags.server);
    const code = await obtainCode(flags.code, flags['code-file']);
    const password = await obtainPassword(flags, { twice: true });
    const session = await clientOf(server, this.config.version).bootstrap({
      body: { email: args.email, name: flags.name ?? null, password, code },
    });
    await saveToken(process.env, server, { access_token: session.access_token, email: session.email });
    await writeDefaultServer(process.env, server);
    return {
      data: { server, email: session.email, role: session.role, expires_at: session.expires_at },
      text: `${session.email} administers ${server} now, and is signed in here.`,
      notes: ['Next: agnes admin register-table --help'],
    };
  }
}

async function obtainCode(code: string | undefined, file: string | undefined): Promise<string> {
  if (code !== undefined) return code;
  if (file !== undefined) return (await readUserFile(file)).trim();
  return (
    await askSecret({ question: 'Bootstrap code', otherwise: 'Pass it with --code-file <state>/bootstrap-code' })
  ).trim();
}
