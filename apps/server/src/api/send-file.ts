import type { FileHandle } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { BlobFile } from '@agnes/blobs';
import type { ListenOptions } from './listen.ts';

/**
 * Small enough for a core's cache, and for hundreds of answers at a time; smaller pieces are slower. Measured: `pnpm bench
 * serve memory`.
 */
const PIECE = 256 * 1024;
/** Buffers that wait for the next answer. */
const MOST_SPARE = 16;

const spare: Buffer[] = [];

/**
 * Answers with a file: the status and headers of `response`, and the bytes through one buffer, which is filled again when
 * the socket has taken it. A web stream would need a new buffer for each piece, and some of them at a time. Resolves when
 * all is sent or the client is gone. When the file cannot be read to its end the connection is cut, so that nobody takes a
 * part for the whole, and `onBroken` is told. A client that takes nothing for `stallMs` is cut off too: it holds the file open.
 */
export async function sendFile(
  outgoing: ServerResponse,
  response: Response,
  file: BlobFile,
  { onBroken, stallMs }: Required<ListenOptions>,
): Promise<void> {
  let handle: FileHandle | undefined;
  outgoing.setTimeout(stallMs, () => outgoing.destroy());
  try {
    const rest = lengthOf(response);
    handle = await file.open();
    outgoing.setHeaders(response.headers);
    outgoing.writeHead(response.status);
    await sendBytes(outgoing, handle, { position: file.start, rest });
  } catch (error) {
    outgoing.destroy();
    onBroken(error);
  } finally {
    await handle?.close();
  }
}

/** Without the header nothing would be sent, and it would look like an empty file. */
function lengthOf(response: Response): number {
  const length = response.headers.get('content-length');
  if (length === null) throw new Error('An answer with a stored file has no content-length.');
  return Number(length);
}

async function sendBytes(
  outgoing: ServerResponse,
  handle: FileHandle,
  left: { position: number; rest: number },
): Promise<void> {
  const write = writerOf(outgoing);
  const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(PIECE);
  while (left.rest > 0) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(PIECE, left.rest), left.position);
    if (bytesRead === 0) throw new Error(`A stored file ended ${left.rest} bytes early.`);
    left.position += bytesRead;
    left.rest -= bytesRead;
    // Of a client that is gone the system may still hold the buffer; it is not used again.
    if (!(await write(buffer.subarray(0, bytesRead)))) return;
  }
  if (spare.length < MOST_SPARE) spare.push(buffer);
  outgoing.end();
}

/** Writes a piece and tells when the system has it: true, or false when the client is gone. */
function writerOf(outgoing: ServerResponse): (piece: Buffer) => Promise<boolean> {
  let settle: (taken: boolean) => void = () => {};
  // What waits for its turn on a connection that ends is never called back.
  outgoing.once('close', () => settle(false));
  return (piece) =>
    new Promise((resolve) => {
      settle = resolve;
      if (outgoing.destroyed) resolve(false);
      else outgoing.write(piece, (error) => resolve(error === undefined || error === null));
    });
}
