import { required } from '../../../arguments.ts';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';

export class GroupDelete extends AgnesCommand {
  static override summary = 'Delete a group with its members and grants';
  static override examples = ['<%= config.bin %> admin group delete analysts'];
  static override args = { group: required('Name or id.') };
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(GroupDelete);
    const { client } = await this.connect(flags.server);
    await client.deleteGroup({ params: { id: args.group } });
    return { data: { group: args.group, deleted: true }, text: `Deleted the group ${args.group}.` };
  }
}
