import { string } from '@oclif/core/flags';
import { auditFilter, auditFlags } from '../../../audit/filter.ts';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';
import { saveBody } from '../../../output/save-body.ts';
import { formatBytes } from '../../../output/units.ts';
import { patience } from '../../../settings/patience.ts';

export class AuditExport extends AgnesCommand {
  static override summary = 'The audit log as NDJSON, oldest first';
  static override examples = [
    '<%= config.bin %> admin audit export --since 30d --output audit.ndjson',
    '<%= config.bin %> admin audit export --action query. > queries.ndjson',
  ];
  static override flags = {
    server: serverFlag,
    ...auditFlags,
    output: string({ char: 'o', description: 'The file to write; without it, stdout.', helpValue: 'FILE' }),
  };

  protected override async execute(): Promise<Result | undefined> {
    const { flags } = await this.parse(AuditExport);
    const query = auditFilter(flags, new Date());
    const { client } = await this.connect(flags.server);
    const response = await client.exportAudit({ query });
    const stallMs = patience(process.env);
    const bytes = await saveBody(response, { file: flags.output, mode: 0o600, stallMs });
    if (flags.output === undefined) return undefined;
    return { data: { file: flags.output, bytes }, text: `Wrote ${formatBytes(bytes)} to ${flags.output}.` };
  }
}
