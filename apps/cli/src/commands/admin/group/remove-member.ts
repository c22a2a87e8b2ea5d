import { required } from '../../../arguments.ts';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';

export class GroupRemoveMember extends AgnesCommand {
  static override summary = 'Take a person out of a group';
  static override examples = ['<%= config.bin %> admin group remove-member analysts ana@example.com'];
  static override args = {
    group: required('Name or id.'),
    user: required('E-mail address or id of the person.'),
  };
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(GroupRemoveMember);
    const { client } = await this.connect(flags.server);
    await client.removeMember({ params: { id: args.group, user_id: args.user } });
    return {
      data: { group: args.group, user: args.user, removed: true },
      text: `${args.user} is no longer in ${args.group}.`,
    };
  }
}
