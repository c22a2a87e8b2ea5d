import { AgnesError } from '@agnes/errors';
import { string } from '@oclif/core/flags';
import { optional, required } from '../../../arguments.ts';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';

export class GroupRename extends AgnesCommand {
  static override summary = 'Rename or describe a group';
  static override examples = [
    '<%= config.bin %> admin group rename analysts finance-analysts',
    '<%= config.bin %> admin group rename analysts --description "Everybody in finance"',
  ];
  static override args = { group: required('Name or id.'), name: optional('Its new name.') };
  static override flags = { server: serverFlag, description: string({ description: 'What the group is for.' }) };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(GroupRename);
    const body = {
      ...(args.name === undefined ? {} : { name: args.name }),
      ...(flags.description === undefined ? {} : { description: flags.description || null }),
    };
    if (Object.keys(body).length === 0) {
      throw new AgnesError('usage', 'There is nothing to change.', { hint: 'agnes admin group rename --help' });
    }
    const { client } = await this.connect(flags.server);
    const group = await client.updateGroup({ params: { id: args.group }, body });
    return { data: group, text: `The group ${args.group} is ${group.name} (${group.id}).` };
  }
}
