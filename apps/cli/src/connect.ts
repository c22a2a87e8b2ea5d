import { type Client, createClient } from '@agnes/api-client';
import { AgnesError } from '@agnes/errors';
import { withEnvironmentToken } from './refused-token.ts';
import { readDefaultServer } from './settings/default-server.ts';
import type { Environment } from './settings/folders.ts';
import { patience } from './settings/patience.ts';
import { normaliseServer } from './settings/server-url.ts';
import { readToken } from './settings/tokens.ts';
import { findWorkspace, workingFolder } from './workspace/workspace.ts';

/** A server, and where its address came from. */
export interface ChosenServer {
  readonly server: string;
  readonly from: 'flag' | 'environment' | 'workspace' | 'settings';
  /** The server of `config.yaml`. */
  readonly fallback: string | undefined;
}

/**
 * Which server a command speaks to: the flag, else AGNES_SERVER, else the workspace's, else that of `config.yaml`.
 * Throws `usage` when there is none.
 */
export async function chooseServer(env: Environment, flag?: string): Promise<ChosenServer> {
  const fallback = await readDefaultServer(env);
  if (flag !== undefined) return { server: normaliseServer(flag), from: 'flag', fallback };
  if (env.AGNES_SERVER) return { server: normaliseServer(env.AGNES_SERVER), from: 'environment', fallback };
  const workspace = await findWorkspace(workingFolder(env));
  if (workspace !== undefined) return { server: normaliseServer(workspace.file.server), from: 'workspace', fallback };
  if (fallback !== undefined) return { server: fallback, from: 'settings', fallback };
  throw new AgnesError('usage', 'No server is known on this computer.', {
    hint: 'agnes auth login --server https://<your-host>   (or set AGNES_SERVER)',
  });
}

/** A client that sends a token, and the token itself. */
export interface SignedIn {
  readonly client: Client;
  readonly server: string;
  readonly token: string;
  readonly email: string;
}

/** Connects with the caller's token: AGNES_TOKEN, else the one kept for the server. Throws `not_signed_in`. */
export async function connect(env: Environment, version: string, flag?: string): Promise<SignedIn> {
  const chosen = await chooseServer(env, flag);
  const saved = await readToken(env, chosen.server, chosen.fallback);
  const token = tokenFromEnvironment(env, chosen, saved !== undefined) ?? saved?.access_token;
  if (token === undefined) {
    throw new AgnesError('not_signed_in', `You are not signed in to ${chosen.server}.`, {
      hint: `agnes auth login --server ${chosen.server}   (or set AGNES_TOKEN)`,
      details: { server: chosen.server },
    });
  }
  const email = token === saved?.access_token ? saved.email : '';
  return { client: clientOf(chosen.server, version, token), server: chosen.server, token, email };
}

/** A client without a token when `token` is left out. */
export function clientOf(server: string, version: string, token?: string): Client {
  const make = () => newClient(server, version, token);
  return token !== undefined && token === process.env.AGNES_TOKEN ? withEnvironmentToken(make) : make();
}

function newClient(server: string, version: string, token: string | undefined): Client {
  return createClient({
    server,
    token,
    timeoutMs: patience(process.env),
    userAgent: `agnes/${version} (${process.platform})`,
    async check(operation, answer) {
      // The contract's schemas are only worth loading once a server has answered.
      const { checkAnswer } = await import('./check-answer.ts');
      checkAnswer(server, operation, answer);
    },
  });
}

/**
 * AGNES_TOKEN names no server, and a workspace's address comes from a file that may have arrived with a repository. So it
 * goes only to a server that the user has named too.
 */
function tokenFromEnvironment(env: Environment, chosen: ChosenServer, known: boolean): string | undefined {
  const token = env.AGNES_TOKEN;
  if (!token) return undefined;
  if (chosen.from !== 'workspace' || known || chosen.server === chosen.fallback) return token;
  throw new AgnesError('not_signed_in', `AGNES_TOKEN is not sent to ${chosen.server}: only this workspace names it.`, {
    hint: `If you trust that server, set AGNES_SERVER=${chosen.server} too.`,
    details: { server: chosen.server },
  });
}
