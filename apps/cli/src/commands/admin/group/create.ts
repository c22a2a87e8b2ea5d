import { string } from '@oclif/core/flags';
import { required } from '../../../arguments.ts';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';
import { shellWord } from '../../../output/shell-word.ts';

export class GroupCreate extends AgnesCommand {
  static override summary = 'Add a group';
  static override examples = ['<%= config.bin %> admin group create analysts --description "Everybody in sales"'];
  static override args = { name: required('Name of the group.') };
  static override flags = { server: serverFlag, description: string({ description: 'What the group is for.' }) };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(GroupCreate);
    const { client } = await this.connect(flags.server);
    const group = await client.createGroup({ body: { name: args.name, description: flags.description ?? null } });
    const name = shellWord(group.name);
    return {
      data: group,
      text: `Added the group ${group.name} (${group.id}).`,
      notes: [`Next: agnes admin group add-member ${name} <email>   agnes admin grant create ${name} table <table>`],
    };
  }
}
