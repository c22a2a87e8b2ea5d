import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AgnesError } from '@agnes/errors';
import { fileError } from '../output/file-error.ts';
import { writeStdout } from '../output/print-result.ts';

/**
 * Writes the body of an answer to a file, which is there whole or not at all, or to stdout. Returns the bytes. Throws
 * `server_unreachable` when the answer breaks off.
 */
export async function saveBody(response: Response, server: string, file: string | undefined): Promise<number> {
  let bytes = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    if (response.body === null) return;
    try {
      for await (const chunk of response.body) {
        bytes += chunk.length;
        yield chunk;
      }
    } catch (cause) {
      throw new AgnesError('server_unreachable', `The answer of ${server} broke off.`, {
        hint: 'Run the command again.',
        details: { server },
        cause,
      });
    }
  };
  if (file === undefined) {
    const text = new TextDecoder();
    for await (const chunk of counted()) if (!(await writeStdout(text.decode(chunk, { stream: true })))) break;
    return bytes;
  }
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await pipeline(Readable.from(counted()), createWriteStream(temporary, { mode: 0o600 }));
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw fileError(error) ?? error;
  }
  return bytes;
}
