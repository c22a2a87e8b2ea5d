import { AgnesError } from '@agnes/errors';
import { string } from '@oclif/core/flags';
import { required } from '../../arguments.ts';
import { AgnesCommand, type Result } from '../../command.ts';
import { serverFlag } from '../../flags.ts';
import { registrationBody, registrationFlags } from '../../registration.ts';

export class UpdateTable extends AgnesCommand {
  static override summary = 'Change a registered table';
  static override description = 'What is not given stays. An empty text clears a field: --description "".';
  static override examples = [
    '<%= config.bin %> admin update-table airports --description "Airports of the US" --sync-schedule "every 6h"',
    '<%= config.bin %> admin update-table zips --column-type zip=VARCHAR',
  ];
  static override args = { table: required('Name or id.') };
  static override flags = { server: serverFlag, name: string({ description: 'New name.' }), ...registrationFlags };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(UpdateTable);
    const body = {
      ...(flags.name === undefined ? {} : { name: flags.name }),
      ...(await registrationBody(flags)),
    };
    if (Object.keys(body).length === 0) {
      throw new AgnesError('usage', 'There is nothing to change.', { hint: 'agnes admin update-table --help' });
    }
    const { client } = await this.connect(flags.server);
    const answer = await client.updateTable({ params: { id: args.table }, body });
    return { data: answer, text: `Changed ${args.table}: ${answer.updated.join(', ') || 'nothing'}.` };
  }
}
