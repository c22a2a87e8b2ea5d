import { AgnesError } from '@agnes/errors';

/** A connection that gives less than this within the time limit is taken for dead. */
const SIGN_OF_LIFE = 1024;
/** Written in pieces of about this size: small writes cost more than they carry. */
const PIECE = 1 << 20;

/**
 * The body of a response in pieces of about a mebibyte, each a list of chunks. Throws `download_incomplete` when the
 * connection breaks, or stalls for `stallMs`; what came before has been yielded.
 */
export async function* readBody(response: Response, stallMs: number): AsyncGenerator<Uint8Array[]> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  let chunks: Uint8Array[] = [];
  let size = 0;
  let [since, arrived] = [performance.now(), 0];
  try {
    for (;;) {
      const next = await readOrBreak(reader, since + stallMs - performance.now(), stallMs);
      if (next instanceof AgnesError) {
        if (size > 0) yield chunks;
        throw next;
      }
      if (next === undefined) break;
      chunks.push(next);
      size += next.byteLength;
      arrived += next.byteLength;
      if (arrived >= SIGN_OF_LIFE) [since, arrived] = [performance.now(), 0];
      if (size >= PIECE) {
        yield chunks;
        [chunks, size] = [[], 0];
        // What the consumer took is not the connection's.
        since = performance.now();
      }
    }
    if (size > 0) yield chunks;
  } finally {
    // Ends the connection when the consumer has stopped early; a body that has ended or broken is done with already.
    reader.cancel().catch(() => undefined);
  }
}

async function readOrBreak(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  leftMs: number,
  stallMs: number,
): Promise<Uint8Array | undefined | AgnesError> {
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<AgnesError>((resolve) => {
    timer = setTimeout(() => resolve(broken(`hardly anything came for ${stallMs / 1000} s`)), Math.max(0, leftMs));
  });
  try {
    return await Promise.race([reader.read().then(({ value }) => value), stalled]);
  } catch (error) {
    return broken('the connection broke', error);
  } finally {
    clearTimeout(timer);
  }
}

function broken(why: string, cause?: unknown): AgnesError {
  return new AgnesError('download_incomplete', `A download ended early: ${why}.`, {
    hint: 'Check your network and run it again: agnes pull   (it goes on where it stopped)',
    ...(cause === undefined ? {} : { cause }),
  });
}
