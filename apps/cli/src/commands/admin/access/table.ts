import { viaText } from '../../../access-text.ts';
import { required } from '../../../arguments.ts';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';
import { shellWord } from '../../../output/shell-word.ts';
import { formatTable } from '../../../output/table.ts';

const COLUMNS = ['PERSON', 'NAME', 'SEES', 'BY WAY OF', 'ID'].map((title) => ({ title }));

export class AccessTable extends AgnesCommand {
  static override summary = 'Who may read a table, and why';
  static override examples = ['<%= config.bin %> admin access table orders'];
  static override args = { table: required('Name or id.') };
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(AccessTable);
    const { client } = await this.connect(flags.server);
    const access = await client.tableAccess({ params: { id: args.table } });
    const rows = access.people.map((person) => [
      person.email,
      person.name ?? '',
      person.restricted ? 'a part' : 'all',
      person.is_admin ? 'administrator' : viaText(person.via_groups),
      person.user_id,
    ]);
    return {
      data: access,
      text: rows.length === 0 ? '' : formatTable(COLUMNS, rows),
      notes:
        rows.length === 0
          ? [`Nobody may read it. Next: agnes admin grant create <group> table ${shellWord(args.table)}`]
          : [],
    };
  }
}
