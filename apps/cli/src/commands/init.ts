import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AgnesError } from '@agnes/errors';
import { boolean, string } from '@oclif/core/flags';
import { AgnesCommand, type Result } from '../command.ts';
import { clientOf, type SignedIn } from '../connect.ts';
import { obtainToken } from '../credentials.ts';
import { progressFlag, tokenFlags } from '../flags.ts';
import { plural } from '../output/units.ts';
import { pullResult, runPull } from '../pull/run-pull.ts';
import { readDefaultServer, writeDefaultServer } from '../settings/default-server.ts';
import type { Environment } from '../settings/folders.ts';
import { normaliseServer } from '../settings/server-url.ts';
import { readToken, saveToken, serversWithToken } from '../settings/tokens.ts';
import { readWorkspaceFile, type WorkspaceFile, workingFolder, writeWorkspaceFile } from '../workspace/workspace.ts';
import { writeWorkspaceFiles } from '../workspace/write-files.ts';

export class Init extends AgnesCommand {
  static override summary = 'Make a workspace and pull its tables';
  static override description =
    'Uses the token of --token, --token-stdin, AGNES_TOKEN or the last sign-in, else asks for one. ' +
    'The server is that of --server-url, else AGNES_SERVER, else the one that you are signed in to. ' +
    'Interrupted, the same command goes on where it stopped.';
  static override examples = [
    '<%= config.bin %> init --workspace ~/analytics',
    '<%= config.bin %> init --server-url https://agnes.example.com --workspace ~/analytics',
    '<%= config.bin %> init --server-url https://agnes.example.com --token-stdin < token.txt',
  ];
  static override flags = {
    'server-url': string({ description: 'Address of the server.', helpValue: 'URL' }),
    ...tokenFlags,
    workspace: string({ description: 'Folder of the workspace; default: the current one.', helpValue: 'DIR' }),
    force: boolean({ description: 'Write the files of an existing workspace again; notes of your own stay.' }),
    'skip-materialize': boolean({ description: 'Leave materialized tables out of the first pull.' }),
    progress: progressFlag,
  };

  protected override async execute(): Promise<Result> {
    const { flags } = await this.parse(Init);
    const server = await chooseNewServer(process.env, flags['server-url']);
    const root = flags.workspace === undefined ? workingFolder(process.env) : resolve(flags.workspace);
    const existing = flags.force ? undefined : await existingWorkspace(root, server);
    const signedIn = await this.#signIn(server, flags);

    const now = new Date();
    const file: WorkspaceFile = {
      format: 1,
      server,
      created_at: existing?.created_at ?? now.toISOString(),
      initialized_at: null,
      agnes_version: this.config.version,
    };
    await mkdir(root, { recursive: true });
    await writeWorkspaceFile(root, file);
    await writeDefaultServer(process.env, server);
    const backups = await writeWorkspaceFiles(root, { server, createdAt: file.created_at }, now);

    const workspace = { root, file };
    const skipMaterialize = flags['skip-materialize'];
    const outcome = await runPull({
      workspace,
      signedIn,
      skipMaterialize,
      dryRun: false,
      progress: this.progress,
    });
    await writeWorkspaceFile(root, { ...file, initialized_at: new Date().toISOString() });

    const pulled = pullResult(outcome);
    return {
      ...pulled,
      data: { workspace: root, server, email: signedIn.email, resumed: existing !== undefined, backups, pull: outcome },
      text: [`Workspace ${root} is ready: ${plural(outcome.tables_total, 'table')} from ${server}.`, pulled.text].join(
        '\n',
      ),
      notes: [
        ...(existing === undefined ? [] : ['An earlier init was interrupted; this one went on from there.']),
        ...backups.map((backup) => `The CLAUDE.md that was there is now ${backup}.`),
        ...(pulled.notes ?? []),
        'Next: agnes catalog',
      ],
    };
  }

  /** Finds a token, tries it, and keeps it unless it came from the environment or is kept already. */
  async #signIn(server: string, flags: { token?: string | undefined; 'token-stdin'?: boolean }): Promise<SignedIn> {
    const given = flags.token !== undefined || flags['token-stdin'] === true;
    const saved = await readToken(process.env, server, await readDefaultServer(process.env));
    const known = given ? undefined : process.env.AGNES_TOKEN || saved?.access_token;
    if (known === undefined && !given && !process.stdin.isTTY) throw notSignedIn(server);
    const token = known ?? (await obtainToken(flags));
    const client = clientOf(server, this.config.version, token);
    const { email } = await client.me();
    if (known === undefined) await saveToken(process.env, server, { access_token: token, email });
    return { client, server, token, email };
  }
}

/** The flag, else AGNES_SERVER, else the only server that this person is signed in to: a new workspace names none yet. */
async function chooseNewServer(env: Environment, flag: string | undefined): Promise<string> {
  const named = flag ?? (env.AGNES_SERVER || undefined);
  if (named !== undefined) return normaliseServer(named);
  const servers = await serversWithToken(env, await readDefaultServer(env));
  const [only] = servers;
  if (only !== undefined && servers.length === 1) return only;
  throw new AgnesError('usage', 'Which server is the workspace for?', {
    hint: `agnes init --server-url ${servers.length === 0 ? 'https://<your-host>' : servers.join('   or --server-url ')}`,
  });
}

function notSignedIn(server: string): AgnesError {
  return new AgnesError('not_signed_in', `You are not signed in to ${server}.`, {
    hint: `agnes auth login --server ${server}   (or pipe a token in with --token-stdin, or set AGNES_TOKEN)`,
    details: { server },
  });
}

/** The workspace whose init has not come to its end, undefined when there is none. Throws `workspace_exists`. */
async function existingWorkspace(root: string, server: string): Promise<WorkspaceFile | undefined> {
  const file = await readWorkspaceFile(root);
  if (file === undefined || (file.initialized_at === null && file.server === server)) return file;
  throw new AgnesError('workspace_exists', `${root} already is a workspace of ${file.server}.`, {
    hint: `To bring it up to date: agnes pull   To make it anew for ${server}: add --force`,
    details: { workspace: root, server: file.server },
  });
}
