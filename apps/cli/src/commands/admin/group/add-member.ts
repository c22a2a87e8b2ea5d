import { required } from '../../../arguments.ts';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';

export class GroupAddMember extends AgnesCommand {
  static override summary = 'Add a person to a group';
  static override examples = ['<%= config.bin %> admin group add-member analysts ana@example.com'];
  static override args = {
    group: required('Name or id.'),
    email: required('E-mail address of the person.'),
  };
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(GroupAddMember);
    const { client } = await this.connect(flags.server);
    const member = await client.addMember({ params: { id: args.group }, body: { email: args.email } });
    return { data: member, text: `${member.email} is in ${args.group}.` };
  }
}
