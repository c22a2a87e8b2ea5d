import { required } from '../../arguments.ts';
import { AgnesCommand, type Result } from '../../command.ts';
import { obtainPassword } from '../../credentials.ts';
import { passwordFlags, serverFlag } from '../../flags.ts';

export class SetPassword extends AgnesCommand {
  static override summary = 'Set the password of an account and end its sessions';
  static override examples = [
    '<%= config.bin %> admin set-password ana@example.com',
    '<%= config.bin %> admin set-password ana@example.com --password-stdin < password.txt',
  ];
  static override args = { user: required('Id or e-mail address.') };
  static override flags = { server: serverFlag, ...passwordFlags };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(SetPassword);
    const password = await obtainPassword(flags, { twice: true });
    const { client } = await this.connect(flags.server);
    await client.setPassword({ params: { id: args.user }, body: { password } });
    return { data: { user: args.user, password_set: true }, text: `The password of ${args.user} is set.` };
  }
}
