import { boolean, integer } from '@oclif/core/flags';
import { auditFilter, auditFlags } from '../../audit/filter.ts';
import { followAudit } from '../../audit/follow.ts';
import { readAudit } from '../../audit/pages.ts';
import { auditTable } from '../../audit/text.ts';
import { AgnesCommand, type Result } from '../../command.ts';
import { serverFlag } from '../../flags.ts';

export class Audit extends AgnesCommand {
  static override summary = 'Who did what, and was refused what; the newest first';
  static override examples = [
    '<%= config.bin %> admin audit --since 1d',
    '<%= config.bin %> admin audit --user ana@example.com --action auth. --result "!ok"',
    '<%= config.bin %> admin audit --follow',
  ];
  static override flags = {
    server: serverFlag,
    ...auditFlags,
    limit: integer({ description: 'At most so many entries; 0 for all.', default: 100, min: 0 }),
    follow: boolean({ char: 'f', description: 'Go on with what comes, until Ctrl-C.', exclusive: ['until'] }),
  };

  protected override async execute(): Promise<Result | undefined> {
    const { flags } = await this.parse(Audit);
    const filter = auditFilter(flags, new Date());
    const { client } = await this.connect(flags.server);
    const { entries, more } = await readAudit(client, filter, flags.limit);
    if (flags.follow) {
      this.progress[Symbol.dispose]();
      await followAudit(client, { filter, first: entries, json: flags.json });
      return undefined;
    }
    return {
      data: { entries, more },
      text: entries.length === 0 ? '' : auditTable(entries),
      notes: [
        ...(entries.length === 0 ? ['There is no such entry.'] : []),
        ...(more ? [`There are more than ${flags.limit}: --limit N, all: agnes admin audit export`] : []),
      ],
    };
  }
}
