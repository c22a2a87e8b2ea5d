import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readTextIfThere, writeFileAtomically } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';
import * as v from 'valibot';
import { readDefaultServer } from './default-server.ts';
import { configFolder, type Environment } from './folders.ts';

const savedToken = v.object({ access_token: v.pipe(v.string(), v.minLength(1)), email: v.optional(v.string(), '') });
const tokenFile = v.object({ servers: v.record(v.string(), savedToken) });

/** A token as it is kept: `access_token` and the e-mail address it belongs to (empty when unknown). */
export type SavedToken = v.InferOutput<typeof savedToken>;

function tokenPath(env: Environment): string {
  return join(configFolder(env), 'token.json');
}

/** The token kept for a server. `defaultServer` owns a token of the older form, which names no server. */
export async function readToken(
  env: Environment,
  server: string,
  defaultServer: string | undefined,
): Promise<SavedToken | undefined> {
  const tokens = await readTokens(env);
  if ('servers' in tokens) return tokens.servers[server];
  return server === defaultServer ? tokens : undefined;
}

/** The servers for which a token is kept; `defaultServer` owns one of the older form. */
export async function serversWithToken(env: Environment, defaultServer: string | undefined): Promise<string[]> {
  const tokens = await readTokens(env);
  if ('servers' in tokens) return Object.keys(tokens.servers).sort();
  return defaultServer === undefined ? [] : [defaultServer];
}

/** Keeps a token for a server, readable by this user alone. A token of the older form stays with the default server. */
export async function saveToken(env: Environment, server: string, token: SavedToken): Promise<void> {
  const tokens = await readTokens(env);
  const kept = 'servers' in tokens ? tokens.servers : await underItsServer(env, tokens);
  await writeTokens(env, { ...kept, [server]: token });
}

async function underItsServer(env: Environment, older: SavedToken): Promise<Record<string, SavedToken>> {
  const server = await readDefaultServer(env);
  return server === undefined ? {} : { [server]: older };
}

/** Forgets the token of a server. Returns whether there was one. */
export async function removeToken(
  env: Environment,
  server: string,
  defaultServer: string | undefined,
): Promise<boolean> {
  const tokens = await readTokens(env);
  if (!('servers' in tokens)) {
    if (server !== defaultServer) return false;
    await rm(tokenPath(env), { force: true });
    return true;
  }
  const { [server]: removed, ...servers } = tokens.servers;
  if (removed === undefined) return false;
  await writeTokens(env, servers);
  return true;
}

async function writeTokens(env: Environment, servers: Record<string, SavedToken>): Promise<void> {
  await writeFileAtomically(tokenPath(env), `${JSON.stringify({ servers }, undefined, 2)}\n`, {
    mode: 0o600,
    folderMode: 0o700,
  });
}

async function readTokens(env: Environment): Promise<v.InferOutput<typeof tokenFile> | SavedToken> {
  const path = tokenPath(env);
  const text = await readTextIfThere(path);
  if (text === undefined) return { servers: {} };
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), v.union([tokenFile, savedToken])), text);
  if (parsed.success) return parsed.output;
  throw new AgnesError('not_signed_in', `${path} is not a file of tokens.`, {
    hint: 'Delete it and sign in again: agnes auth login',
  });
}
