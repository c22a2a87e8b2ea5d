import { boolean } from '@oclif/core/flags';
import { required } from '../../arguments.ts';
import { AgnesCommand, type Result } from '../../command.ts';
import { serverFlag } from '../../flags.ts';
import { registrationBody, registrationFlags } from '../../registration.ts';

export class RegisterTable extends AgnesCommand {
  static override summary = 'Register a table; its data arrives with the next sync';
  static override examples = [
    '<%= config.bin %> admin register-table airports --source-type local --source-table airports.csv',
    '<%= config.bin %> admin register-table flights --source-type local --source-table "flights/*.parquet" --sync-schedule "daily 05:00"',
  ];
  static override args = { name: required('Name of the table for its readers.') };
  static override flags = {
    server: serverFlag,
    ...registrationFlags,
    'dry-run': boolean({ description: 'Only say whether it would be accepted.' }),
  };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(RegisterTable);
    const body = { name: args.name, ...(await registrationBody(flags)) };
    const { client } = await this.connect(flags.server);
    if (flags['dry-run']) {
      const checked = await client.precheckTable({ body });
      return { data: checked, text: `'${checked.table.name}' would be accepted. Nothing was registered.` };
    }
    const table = await client.registerTable({ body });
    return {
      data: table,
      text: `Registered ${table.name} (${table.id}).`,
      notes: [`Next: agnes admin sync ${table.name}`, `Next: agnes admin grant create <group> table ${table.name}`],
    };
  }
}
