import { join } from 'node:path';
import { readTextIfThere, writeFileAtomically } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';
import { configFolder, type Environment } from './folders.ts';
import { normaliseServer } from './server-url.ts';

const HEADER = '# Settings of agnes on this computer. Tokens are in token.json.\n';

function settingsFile(env: Environment): string {
  return join(configFolder(env), 'config.yaml');
}

/** The server of `config.yaml`: the one used outside workspaces. */
export async function readDefaultServer(env: Environment): Promise<string | undefined> {
  const path = settingsFile(env);
  const text = await readTextIfThere(path);
  if (text === undefined) return undefined;
  const server = (await parseSettings(path, text)).server;
  return typeof server === 'string' && server !== '' ? normaliseServer(server) : undefined;
}

/** Makes `server` the one used outside workspaces; other keys of `config.yaml` stay. */
export async function writeDefaultServer(env: Environment, server: string): Promise<void> {
  const path = settingsFile(env);
  const text = await readTextIfThere(path);
  const settings = text === undefined ? {} : await parseSettings(path, text);
  if (settings.server === server) return;
  const { stringify } = await import('./yaml.ts');
  await writeFileAtomically(path, HEADER + stringify({ ...settings, server }), { mode: 0o600, folderMode: 0o700 });
}

/** The file as we write it, when there is nothing else in it: the YAML parser costs more than the rest of a start. */
const PLAIN = /^(?:#.*\n)*server: (https?:\/\/[^\s#'"]+)\n$/;

async function parseSettings(path: string, text: string): Promise<Record<string, unknown>> {
  const plain = PLAIN.exec(text)?.[1];
  if (plain !== undefined) return { server: plain };
  const { parse, YAMLParseError } = await import('./yaml.ts');
  try {
    const settings: unknown = parse(text);
    if (settings === null) return {};
    if (typeof settings === 'object' && !Array.isArray(settings)) return settings as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
  }
  throw new AgnesError('usage', `${path} is not a YAML file of settings.`, {
    hint: `Correct it, or delete it and run: agnes auth login --server https://<your-host>`,
  });
}
