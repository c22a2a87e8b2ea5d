import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';
import { formatTable } from '../../../output/table.ts';

const COLUMNS = ['TYPE', 'NAME', 'ID FORMAT', 'DESCRIPTION'].map((title) => ({ title }));

export class GrantResourceTypes extends AgnesCommand {
  static override summary = 'What can be granted';
  static override examples = ['<%= config.bin %> admin grant resource-types'];
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { flags } = await this.parse(GrantResourceTypes);
    const { client } = await this.connect(flags.server);
    const types = await client.listResourceTypes();
    const rows = types.map((type) => [type.key, type.display_name, type.id_format, type.description]);
    return { data: types, text: formatTable(COLUMNS, rows) };
  }
}
