import { viaText } from '../../../access-text.ts';
import { required } from '../../../arguments.ts';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';
import { formatTable } from '../../../output/table.ts';

const COLUMNS = ['TYPE', 'RESOURCE', 'SEES', 'BY WAY OF', 'ID'].map((title) => ({ title }));

export class AccessShow extends AgnesCommand {
  static override summary = 'What a person may read, and why';
  static override examples = ['<%= config.bin %> admin access show ana@example.com'];
  static override args = { user: required('Id or e-mail address.') };
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(AccessShow);
    const { client } = await this.connect(flags.server);
    const access = await client.userAccess({ params: { id: args.user } });
    const rows = access.items.map((item) => [
      item.resource_type,
      item.resource_name ?? item.resource_id,
      item.restricted ? 'a part' : 'all',
      viaText(item.via_groups),
      item.resource_id,
    ]);
    return {
      data: access,
      text: rows.length === 0 ? '' : formatTable(COLUMNS, rows),
      notes: [
        ...(access.is_admin ? [`${args.user} is an administrator and reads everything, granted or not.`] : []),
        ...(rows.length === 0 ? [`Nothing is granted to the groups of ${args.user}.`] : []),
      ],
    };
  }
}
