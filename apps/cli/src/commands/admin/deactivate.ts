import { required } from '../../arguments.ts';
import { AgnesCommand, type Result } from '../../command.ts';
import { serverFlag } from '../../flags.ts';

export class Deactivate extends AgnesCommand {
  static override summary = 'Lock an account out, with its sessions and tokens';
  static override examples = ['<%= config.bin %> admin deactivate ana@example.com'];
  static override args = { user: required('Id or e-mail address.') };
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(Deactivate);
    const { client } = await this.connect(flags.server);
    const user = await client.deactivateUser({ params: { id: args.user } });
    return { data: user, text: `${user.email} is deactivated.` };
  }
}
