import { required } from '../../arguments.ts';
import { AgnesCommand, type Result } from '../../command.ts';
import { serverFlag } from '../../flags.ts';

export class RemoveUser extends AgnesCommand {
  static override summary = 'Delete an account with its tokens and memberships';
  static override examples = ['<%= config.bin %> admin remove-user ana@example.com'];
  static override args = { user: required('Id or e-mail address.') };
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(RemoveUser);
    const { client } = await this.connect(flags.server);
    await client.deleteUser({ params: { id: args.user } });
    return { data: { user: args.user, removed: true }, text: `Removed ${args.user}.` };
  }
}
