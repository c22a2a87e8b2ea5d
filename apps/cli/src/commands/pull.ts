import { boolean, integer } from '@oclif/core/flags';
import { AgnesCommand, type Result } from '../command.ts';
import { progressFlag } from '../flags.ts';
import { pullResult, runPull } from '../pull/run-pull.ts';
import { requireWorkspace } from '../workspace/workspace.ts';

export class Pull extends AgnesCommand {
  static override summary = 'Bring the tables of this workspace up to date';
  static override description =
    'Fetches what is new, verifies it, and swaps the local tables at once; tables that are no longer granted leave. ' +
    'Interrupted, it leaves the old tables and goes on where it stopped the next time. Ends with 1 when a table failed.';
  static override examples = [
    '<%= config.bin %> pull',
    '<%= config.bin %> pull --dry-run',
    '<%= config.bin %> pull --json',
  ];
  static override flags = {
    quiet: boolean({ description: 'Print nothing but warnings and errors.', exclusive: ['json'] }),
    'dry-run': boolean({ description: 'Say what would change; change nothing.' }),
    'skip-materialize': boolean({ description: 'Leave materialized tables as they are.' }),
    parallel: integer({ description: 'Files at a time; default AGNES_PULL_PARALLELISM or 4.', min: 1, max: 64 }),
    progress: progressFlag,
  };

  protected override async execute(): Promise<Result> {
    const { flags } = await this.parse(Pull);
    const workspace = await requireWorkspace(process.env);
    const outcome = await runPull({
      workspace,
      signedIn: await this.connect(),
      parallel: flags.parallel,
      skipMaterialize: flags['skip-materialize'],
      dryRun: flags['dry-run'],
      progress: this.progress,
    });
    const result = pullResult(outcome);
    return flags.quiet ? { ...result, text: '' } : result;
  }
}
