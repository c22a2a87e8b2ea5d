import { AgnesError, isAgnesError } from '@agnes/errors';
import { boolean } from '@oclif/core/flags';
import { AgnesCommand, type Result } from '../command.ts';
import { type ChosenServer, chooseServer, clientOf } from '../connect.ts';
import { type Check, diagnosisOf, diagnosisText } from '../diagnose/check.ts';
import { checkDisk } from '../diagnose/disk.ts';
import { checkServer, failedCheck, skipped } from '../diagnose/server.ts';
import { checkToken } from '../diagnose/token.ts';
import { checkWorkspace } from '../diagnose/workspace.ts';
import { serverFlag } from '../flags.ts';
import { plural } from '../output/units.ts';
import { configFolder, storeFolder } from '../settings/folders.ts';
import { findWorkspace, type Workspace, workingFolder } from '../workspace/workspace.ts';

export class Diagnose extends AgnesCommand {
  static override summary = 'What is wrong here, and what to do about it';
  static override description =
    'Looks at the way to the server, the token, the clock, disk room and the workspace; changes nothing. Ends with 0 when ' +
    'nothing is broken (warnings are fine) and with 1 when something is.';
  static override examples = ['<%= config.bin %> diagnose', '<%= config.bin %> diagnose --verify --json'];
  static override flags = {
    server: serverFlag,
    verify: boolean({ description: 'Read every file of the workspace and compare its hash.' }),
  };

  protected override async execute(): Promise<Result> {
    const { flags } = await this.parse(Diagnose);
    const checks = [...(await this.#server(flags.server)), ...(await here(flags.verify))];
    const diagnosis = diagnosisOf(checks);
    const broken = checks.filter(({ status }) => status === 'error');
    return {
      data: diagnosis,
      text: diagnosisText(diagnosis),
      ...(broken.length === 0
        ? {}
        : {
            error: new AgnesError(
              'diagnose_failed',
              `${plural(broken.length, 'check')} failed: ${broken.map(({ name }) => name).join(', ')}.`,
              { hint: diagnosis.suggested_actions[0] ?? 'agnes diagnose --json' },
            ),
          }),
    };
  }

  async #server(flag: string | undefined): Promise<Check[]> {
    const { version } = this.config;
    let chosen: ChosenServer;
    try {
      chosen = await chooseServer(process.env, flag);
    } catch (error) {
      return [failedCheck('server', error)];
    }
    this.progress.phase(`Waiting for ${chosen.server}`);
    const { checks, reachable } = await checkServer(clientOf(chosen.server, version), chosen.server, version);
    return [...checks, await checkToken(process.env, version, flag, reachable)];
  }
}

async function here(verify: boolean): Promise<Check[]> {
  const checks: Check[] = [];
  for (const [name, folder] of [
    ['settings', configFolder],
    ['store', storeFolder],
  ] as const) {
    try {
      checks.push(await checkDisk(name, folder(process.env)));
    } catch (error) {
      checks.push(failedCheck(name, error));
    }
  }
  let workspace: Workspace | undefined;
  try {
    workspace = await findWorkspace(workingFolder(process.env));
  } catch (error) {
    if (!isAgnesError(error)) throw error;
    return [...checks, failedCheck('workspace', error)];
  }
  if (workspace === undefined) return [...checks, skipped('workspace', 'This folder is not in a workspace.')];
  return [...checks, await checkDisk('workspace disk', workspace.root), ...(await checkWorkspace(workspace, verify))];
}
