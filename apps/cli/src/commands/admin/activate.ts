import { required } from '../../arguments.ts';
import { AgnesCommand, type Result } from '../../command.ts';
import { serverFlag } from '../../flags.ts';

export class Activate extends AgnesCommand {
  static override summary = 'Let an account in again';
  static override examples = ['<%= config.bin %> admin activate ana@example.com'];
  static override args = { user: required('Id or e-mail address.') };
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(Activate);
    const { client } = await this.connect(flags.server);
    const user = await client.activateUser({ params: { id: args.user } });
    return { data: user, text: `${user.email} is active.` };
  }
}
