import { integer, string } from '@oclif/core/flags';
import { AgnesCommand, type Result } from '../../command.ts';
import { serverFlag } from '../../flags.ts';
import { countsOf } from '../../job-text.ts';
import { formatTable } from '../../output/table.ts';
import { formatTime } from '../../output/units.ts';

const COLUMNS = ['ID', 'KIND', 'STATUS', 'CREATED', 'FINISHED', 'RESULT'].map((title) => ({ title }));

export class Jobs extends AgnesCommand {
  static override summary = 'Jobs of the server, newest first';
  static override examples = [
    '<%= config.bin %> admin jobs',
    '<%= config.bin %> admin jobs --kind sync --status failed --limit 5',
  ];
  static override flags = {
    server: serverFlag,
    kind: string({ description: 'Only jobs of this kind.' }),
    status: string({ description: 'Only jobs with this status.' }),
    limit: integer({ description: 'How many.', default: 20, min: 1, max: 500 }),
  };

  protected override async execute(): Promise<Result> {
    const { flags } = await this.parse(Jobs);
    const { client } = await this.connect(flags.server);
    const query = {
      limit: String(flags.limit),
      ...(flags.kind === undefined ? {} : { kind: flags.kind }),
      ...(flags.status === undefined ? {} : { status: flags.status }),
    };
    const answer = await client.listJobs({ query });
    const rows = answer.jobs.map(({ id, kind, status, created_at, finished_at, outcome, error }) => [
      id,
      kind,
      status,
      formatTime(created_at),
      finished_at === null ? '-' : formatTime(finished_at),
      error?.message ?? (outcome === null ? '' : countsOf(outcome)),
    ]);
    return {
      data: answer,
      text: rows.length === 0 ? '' : formatTable(COLUMNS, rows),
      notes: rows.length === 0 ? ['There are no jobs. Next: agnes admin sync'] : [],
    };
  }
}
