import { string } from '@oclif/core/flags';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';
import { formatTable } from '../../../output/table.ts';
import { formatTime } from '../../../output/units.ts';

const COLUMNS = ['GROUP', 'TYPE', 'RESOURCE', 'SINCE', 'ID'].map((title) => ({ title }));

export class GrantList extends AgnesCommand {
  static override summary = 'What is granted to which group';
  static override examples = [
    '<%= config.bin %> admin grant list',
    '<%= config.bin %> admin grant list --group analysts --type table',
  ];
  static override flags = {
    server: serverFlag,
    type: string({ description: 'Only resources of this type.' }),
    group: string({ description: 'Only grants of this group; name or id.' }),
  };

  protected override async execute(): Promise<Result> {
    const { flags } = await this.parse(GrantList);
    const { client } = await this.connect(flags.server);
    const query = {
      ...(flags.type === undefined ? {} : { resource_type: flags.type }),
      ...(flags.group === undefined ? {} : { group_id: flags.group }),
    };
    const grants = await client.listGrants({ query });
    const rows = grants.map((grant) => [
      grant.group_name,
      grant.resource_type,
      grant.resource_name ?? grant.resource_id,
      formatTime(grant.assigned_at),
      grant.id,
    ]);
    return {
      data: grants,
      text: rows.length === 0 ? '' : formatTable(COLUMNS, rows),
      notes: rows.length === 0 ? ['Nothing is granted. Next: agnes admin grant create <group> table <table>'] : [],
    };
  }
}
