import { string } from '@oclif/core/flags';
import { required } from '../../arguments.ts';
import { AgnesCommand, type Result } from '../../command.ts';
import { obtainPassword } from '../../credentials.ts';
import { passwordFlags, serverFlag } from '../../flags.ts';

export class AddUser extends AgnesCommand {
  static override summary = 'Add an account';
  static override description =
    'Without a password the person cannot sign in until one is set: agnes admin set-password.';
  static override examples = ['<%= config.bin %> admin add-user ana@example.com --name Ana'];
  static override args = { email: required('E-mail address.') };
  static override flags = {
    server: serverFlag,
    name: string({ description: 'Name of the person.' }),
    ...passwordFlags,
  };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(AddUser);
    const withPassword = flags.password !== undefined || flags['password-stdin'];
    const password = withPassword ? await obtainPassword(flags) : null;
    const { client } = await this.connect(flags.server);
    const user = await client.createUser({ body: { email: args.email, name: flags.name ?? null, password } });
    return {
      data: user,
      text: `Added ${user.email} (${user.id}).`,
      notes: [
        ...(withPassword ? [] : [`Next: agnes admin set-password ${user.email}`]),
        `Next: agnes admin group add-member <group> ${user.email}`,
      ],
    };
  }
}
