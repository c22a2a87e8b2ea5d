import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type Check, noneWrong, skipped } from './check.ts';

/** Values by the name of the environment variable (or any other name) that a report may show. */
export type Secrets = Readonly<Record<string, string>>;

/** Every spelling in which a value commonly leaks. */
function spellings(secrets: Secrets): { name: string; text: string }[] {
  return Object.entries(secrets).flatMap(([name, value]) => {
    const json = JSON.stringify(value).slice(1, -1);
    const texts = new Set([value, json, encodeURIComponent(value), Buffer.from(value).toString('base64')]);
    return [...texts].filter((text) => text.length > 0).map((text) => ({ name, text }));
  });
}

/** The names of the secrets that stand in a text. */
export function secretsIn(text: string, secrets: Secrets): string[] {
  return [
    ...new Set(
      spellings(secrets)
        .filter((one) => text.includes(one.text))
        .map(({ name }) => name),
    ),
  ];
}

/** Looks for secrets in every file of a folder. */
export async function checkSecretsInFiles(sourceDir: string, secrets: Secrets): Promise<Check> {
  const name = 'secrets: none in the files';
  const wanted = spellings(secrets);
  if (wanted.length === 0) return skipped(name, 'No secrets were given.', 'Name the variables that hold them.');
  const wrong: string[] = [];
  let files = 0;
  for (const path of await filesBelow(sourceDir)) {
    files += 1;
    for (const found of await secretsOfFile(path, wanted)) {
      wrong.push(`The value of ${found} stands in ${relative(sourceDir, path)}.`);
    }
  }
  const values = Object.keys(secrets).length;
  const hint =
    'Write the name of a variable into _remote_attach, never its value, and keep tokens out of views and data.';
  return noneWrong(name, wrong, `${files} files searched for ${values} values.`, hint);
}

async function secretsOfFile(path: string, wanted: readonly { name: string; text: string }[]): Promise<Set<string>> {
  const found = new Set<string>();
  const longest = Math.max(...wanted.map(({ text }) => Buffer.byteLength(text)));
  let tail: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path)) {
    const bytes = Buffer.concat([tail, chunk as Buffer]);
    for (const { name, text } of wanted) if (bytes.includes(text)) found.add(name);
    // A value may stand across two chunks.
    tail = bytes.subarray(Math.max(0, bytes.length - longest));
  }
  return found;
}

/** The regular files below a folder; symbolic links are not followed. */
async function filesBelow(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const info = await lstat(path);
    if (info.isDirectory()) paths.push(...(await filesBelow(path)));
    else if (info.isFile()) paths.push(path);
  }
  return paths;
}
