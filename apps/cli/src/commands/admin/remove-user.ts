import { boolean } from '@oclif/core/flags';
import { required } from '../../arguments.ts';
import { AgnesCommand, type Result } from '../../command.ts';
import { serverFlag } from '../../flags.ts';
import { confirm } from '../../prompt.ts';

export class RemoveUser extends AgnesCommand {
  static override summary = 'Delete an account with its tokens and memberships';
  static override examples = [
    '<%= config.bin %> admin remove-user ana@example.com',
    '<%= config.bin %> admin remove-user ana@example.com --yes',
  ];
  static override args = { user: required('Id or e-mail address.') };
  static override flags = { server: serverFlag, yes: boolean({ char: 'y', description: 'Do not ask.' }) };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(RemoveUser);
    const sure =
      flags.yes ||
      (await confirm({
        question: `Delete the account of ${args.user}, with its tokens and memberships`,
        otherwise: 'Add --yes to do it without asking.',
      }));
    if (!sure) return { data: { user: args.user, removed: false }, text: 'Nothing was changed.' };
    const { client } = await this.connect(flags.server);
    await client.deleteUser({ params: { id: args.user } });
    return { data: { user: args.user, removed: true }, text: `Removed ${args.user}.` };
  }
}
