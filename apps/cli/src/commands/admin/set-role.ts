import { AgnesError } from '@agnes/errors';
import { optional } from '../../arguments.ts';
import { AgnesCommand } from '../../command.ts';

export class SetRole extends AgnesCommand {
  static override summary = 'Removed: who administers is a matter of the group Admin';
  static override description =
    'agnes admin group add-member Admin <email> makes an administrator, agnes admin group remove-member Admin <email> takes it back.';
  static override examples = ['<%= config.bin %> admin set-role --help'];
  static override args = { user: optional('Id or e-mail address.'), role: optional('admin or user.') };
  static override flags = {};

  protected override async execute(): Promise<never> {
    const { args } = await this.parse(SetRole);
    const verb = args.role === undefined || args.role === 'admin' ? 'add-member' : 'remove-member';
    throw new AgnesError('usage', 'There are no roles any more: administrators are the members of the group Admin.', {
      hint: `agnes admin group ${verb} Admin ${args.user ?? '<email>'}`,
    });
  }
}
