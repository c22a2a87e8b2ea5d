import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { AgnesError } from '@agnes/errors';

export interface Asked {
  /** What is asked, without a colon. */
  readonly question: string;
  /** How to give it without a terminal, for the error. */
  readonly otherwise: string;
}

/** Tells something that the person has to do now, before the command goes on. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Asks on the terminal. Throws `usage` when there is none: nothing ever waits for input that cannot come. */
export async function ask(asked: Asked): Promise<string> {
  return await readLine(asked, process.stderr);
}

/** Asks without showing what is typed. */
export async function askSecret(asked: Asked): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const secret = await readLine(asked, silent);
  process.stderr.write('\n');
  return secret;
}

/** Asks for yes or no; anything but yes is no. */
export async function confirm(asked: Asked): Promise<boolean> {
  return /^y(es)?$/i.test((await ask({ ...asked, question: `${asked.question} [y/N]` })).trim());
}

/** One secret from stdin: everything up to its end, without the last line break. Throws `usage` when it is empty. */
export async function readSecretFromStdin(what: string): Promise<string> {
  const secret = process.stdin.isTTY ? '' : (await text(process.stdin)).replace(/\r?\n$/, '');
  if (secret !== '') return secret;
  throw new AgnesError('usage', `There is no ${what} on stdin.`, { hint: `Pipe it in, for example: … < ${what}.txt` });
}

async function readLine({ question, otherwise }: Asked, output: NodeJS.WritableStream): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new AgnesError('usage', `${question}? There is no terminal to ask on.`, { hint: otherwise });
  }
  process.stderr.write(`${question}: `);
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  const closed = new AbortController();
  lines.once('close', () => closed.abort());
  lines.once('SIGINT', () => lines.close());
  try {
    return await lines.question('', { signal: closed.signal });
  } catch (error) {
    if (!closed.signal.aborted) throw error;
    throw new AgnesError('usage', 'Nothing was entered.', { hint: otherwise, cause: error });
  } finally {
    lines.close();
  }
}
