import { readFile } from 'node:fs/promises';
import { AgnesError, messageOf } from '@agnes/errors';

/** The text of a file that the user named. Throws `usage` when it cannot be read. */
export async function readUserFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new AgnesError('usage', `The file ${path} cannot be read: ${messageOf(error)}`, {
      hint: 'Check the path.',
      cause: error,
    });
  }
}

/** SQL as it was given, or `@FILE` that holds it. */
export async function sqlOrFile(text: string): Promise<string> {
  return text.startsWith('@') ? await readUserFile(text.slice(1)) : text;
}
