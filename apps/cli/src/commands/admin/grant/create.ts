import { required } from '../../../arguments.ts';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';
import { withNearRegistered } from '../../../near-table.ts';

export class GrantCreate extends AgnesCommand {
  static override summary = 'Grant a resource to a group';
  static override examples = ['<%= config.bin %> admin grant create analysts table airports'];
  static override args = {
    group: required('Name or id of the group.'),
    type: required('Type of the resource, for example table.'),
    resource: required('Name or id of the resource.'),
  };
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(GrantCreate);
    const { client } = await this.connect(flags.server);
    const body = { group_id: args.group, resource_type: args.type, resource_id: args.resource };
    const grant = await withNearRegistered(client, args.resource, () => client.createGrant({ body }));
    const name = grant.resource_name ?? grant.resource_id;
    return { data: grant, text: `${grant.group_name} may read the ${grant.resource_type} ${name} (${grant.id}).` };
  }
}
