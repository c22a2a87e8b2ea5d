import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@agnes/api-client';
import { boolean } from '@oclif/core/flags';
import { optional } from '../../arguments.ts';
import { AgnesCommand, type Result } from '../../command.ts';
import { progressFlag, serverFlag } from '../../flags.ts';
import { isFinished, type Job, progressText, syncResult } from '../../job-text.ts';
import type { Progress } from '../../output/progress.ts';

const FIRST_POLL_MS = 150;
const SLOWEST_POLL_MS = 1500;

export class Sync extends AgnesCommand {
  static override summary = 'Bring tables in from their sources';
  static override description =
    'Of the tables named, or of all that are due; those without a schedule always are. Waits for the end and ends ' +
    'with 1 when a table failed; leaving early leaves the job running.';
  static override examples = [
    '<%= config.bin %> admin sync',
    '<%= config.bin %> admin sync airports weather --no-wait',
  ];
  static override strict = false;
  static override args = { tables: optional('Names or ids of tables; several are fine.') };
  static override flags = {
    server: serverFlag,
    force: boolean({ description: 'All tables, due or not, and every source, changed or not.' }),
    wait: boolean({ description: 'Wait for the end.', default: true, allowNo: true }),
    progress: progressFlag,
  };

  protected override async execute(): Promise<Result> {
    const { argv, flags } = await this.parse(Sync);
    const { client } = await this.connect(flags.server);
    const tables = argv.map(String);
    const started = await client.triggerSync({
      body: { tables: tables.length === 0 ? null : tables, ...(flags.force ? { force: true } : {}) },
    });
    if (!flags.wait) {
      return {
        data: started,
        text: `Started job ${started.job_id}.`,
        notes: [`Next: agnes admin job show ${started.job_id}`],
      };
    }
    return syncResult(await waitFor(client, started.job_id, this.progress));
  }
}

async function waitFor(client: Client, id: string, progress: Progress): Promise<Job> {
  for (let pause = FIRST_POLL_MS; ; pause = Math.min(SLOWEST_POLL_MS, pause * 1.5)) {
    const job = await client.getJob({ params: { id } });
    if (isFinished(job)) return job;
    progress.phase(job.progress === null ? `Job ${id}: ${job.status}` : progressText(job.progress));
    await sleep(pause);
  }
}
