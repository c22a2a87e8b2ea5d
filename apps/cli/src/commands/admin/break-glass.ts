import { AgnesError } from '@agnes/errors';
import { optional } from '../../arguments.ts';
import { AgnesCommand } from '../../command.ts';

export class BreakGlass extends AgnesCommand {
  static override summary = 'How to become an administrator again when nobody can sign in';
  static override description =
    'That is done on the machine of the server, by the account that runs it: agnes-server break-glass grant-admin <email>. The server may run or not.';
  static override examples = ['<%= config.bin %> admin break-glass --help'];
  static override args = { action: optional('grant-admin.'), email: optional('E-mail address.') };
  static override flags = {};

  protected override async execute(): Promise<never> {
    const { args } = await this.parse(BreakGlass);
    throw new AgnesError('usage', 'This is done on the machine of the server, by the account that runs it.', {
      hint: `agnes-server break-glass ${args.action ?? 'grant-admin'} ${args.email ?? '<email>'}`,
    });
  }
}
