import type { Client } from '@agnes/api-client';
import { boolean } from '@oclif/core/flags';
import { required } from '../../../arguments.ts';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';
import { type JobLogLine, jobText, logText } from '../../../job-text.ts';

export class JobShow extends AgnesCommand {
  static override summary = 'One job: its progress, outcome and log';
  static override examples = ['<%= config.bin %> admin job show job_01h2xcejqtf2nbrexx3vqjhp41 --log'];
  static override args = { id: required('Id of the job.') };
  static override flags = { server: serverFlag, log: boolean({ description: 'With its log.' }) };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(JobShow);
    const { client } = await this.connect(flags.server);
    const job = await client.getJob({ params: { id: args.id } });
    if (!flags.log) return { data: job, text: jobText(job) };
    const log = await wholeLog(client, args.id);
    return { data: { job, log }, text: [jobText(job), logText(log)].filter((text) => text !== '').join('\n\n') };
  }
}

async function wholeLog(client: Client, id: string): Promise<JobLogLine[]> {
  const lines: JobLogLine[] = [];
  for (;;) {
    const after = String(lines.at(-1)?.position ?? 0);
    const page = (await client.getJobLog({ params: { id }, query: { after } })).lines;
    const fresh = page.filter(({ position }) => position > (lines.at(-1)?.position ?? -1));
    if (fresh.length === 0) return lines;
    lines.push(...fresh);
  }
}
