import { readTextIfThere } from '@agnes/durable-files';
import { AgnesError, messageOf } from '@agnes/errors';
import { type Document, parseDocument } from 'yaml';
import type { Setting } from './setting.ts';
import { SETTINGS } from './settings.ts';
import { unknownKey } from './unknown-key.ts';

/** A value from instance.yaml and the place where it stands. */
export interface FileValue {
  readonly value: unknown;
  /** For messages: file and key. */
  readonly origin: string;
}

const FILE_KEYS: ReadonlySet<string> = new Set(
  (Object.values(SETTINGS) as Setting[]).flatMap((entry) => (entry.file === undefined ? [] : [entry.file])),
);
const SECTIONS: ReadonlySet<string> = new Set([...FILE_KEYS].map((key) => key.slice(0, key.lastIndexOf('.'))));

/**
 * The leaves of one instance.yaml by dotted key, with `${NAME}` replaced from the environment. An absent file has none, and
 * a key without a value counts as absent. Throws `invalid_config` for anything it cannot use.
 */
export async function readInstanceFile(file: string, env: NodeJS.ProcessEnv): Promise<Map<string, FileValue>> {
  const text = await readIfThere(file);
  const values = new Map<string, FileValue>();
  if (text === undefined) return values;
  const document = parseDocument(text, { prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    // What is left open is found open at the end of the file, after its last line.
    const line = text.slice(0, Math.min(error.pos[0], text.trimEnd().length)).split('\n').length;
    throw refuse(file, `line ${line} is not valid YAML (${error.code})`, 'Correct that line, or what it goes on from.');
  }
  const root = toValue(document, file);
  if (root === null || root === undefined) return values;
  if (!isSection(root)) throw refuse(file, 'it does not hold sections', 'Write sections such as `server:`.');
  collect(root, '', { file, env, values });
  return values;
}

function toValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    // The only thing `toJS` throws: an alias without an anchor, or aliases that grow without end.
    if (!(error instanceof ReferenceError)) throw error;
    throw refuse(file, 'an alias (`*name`) in it cannot be resolved', 'Write the values out.');
  }
}

interface Target {
  readonly file: string;
  readonly env: NodeJS.ProcessEnv;
  readonly values: Map<string, FileValue>;
}

function collect(section: Record<string, unknown>, parent: string, target: Target): void {
  for (const [name, value] of Object.entries(section)) {
    const key = parent === '' ? name : `${parent}.${name}`;
    if (!name.includes('.') && SECTIONS.has(key)) {
      if (value === null) continue;
      if (!isSection(value)) throw refuse(target.file, `${key} is not a section`, `Put keys under \`${key}:\`.`);
      collect(value, key, target);
    } else if (!name.includes('.') && FILE_KEYS.has(key)) {
      const origin = `${key} in ${target.file}`;
      if (value !== null) target.values.set(key, { value: resolveReferences(value, origin, target.env), origin });
    } else {
      const { shown, meant } = unknownKey(key, [...FILE_KEYS, ...SECTIONS]);
      const hint = meant === undefined ? knownKeys(parent) : `Did you mean ${meant}? Otherwise remove it.`;
      throw refuse(target.file, `${shown} is not a key of this release`, hint);
    }
  }
}

function resolveReferences(value: unknown, origin: string, env: NodeJS.ProcessEnv): unknown {
  if (Array.isArray(value)) return value.map((item) => resolveReferences(item, origin, env));
  if (isSection(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, resolveReferences(item, `${origin}, ${key}`, env)]),
    );
  }
  if (typeof value !== 'string') return value;
  return value.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
    const found = /^[A-Za-z_]\w*$/.test(name) ? env[name] : undefined;
    if (found === undefined || found === '') {
      throw new AgnesError('invalid_config', `${origin} refers to \${${name}}, which is not set in the environment.`, {
        hint: `Set ${name}, or write the value into the file.`,
      });
    }
    return found;
  });
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readTextIfThere(file);
  } catch (error) {
    throw new AgnesError('invalid_config', `${file} cannot be read: ${messageOf(error)}.`, {
      hint: 'Make the file readable for the user that runs the server, or remove it.',
      cause: error,
    });
  }
}

const isSection = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function knownKeys(parent: string): string {
  const prefix = parent === '' ? '' : `${parent}.`;
  const keys = [...FILE_KEYS].filter((key) => key.startsWith(prefix)).sort();
  return `Remove it, or use one of: ${keys.join(', ')}.`;
}

function refuse(file: string, why: string, hint: string): AgnesError {
  return new AgnesError('invalid_config', `${file} cannot be used: ${why}.`, { hint });
}
