import { type FileHandle, open as openFile } from 'node:fs/promises';
import { hasErrorCode } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';
import { READ_SIZE } from './hash.ts';
import { blobPath, type Layout } from './layout.ts';

/** The file behind a stream of {@link streamFile}, for who can send a file for less than the stream costs. */
export interface BlobFile {
  /** Throws `blob_not_found`. */
  open(): Promise<FileHandle>;
  /** The first byte. How many follow, the answer's content-length says. */
  readonly start: number;
}

/** By stream, as long as nobody has begun to read it. */
const files = new WeakMap<ReadableStream<Uint8Array>, BlobFile>();
/** By answer: to look at the `body` of each would cost as much as a small answer does. */
const streams = new WeakMap<Response, ReadableStream<Uint8Array>>();

/** An answer with a stream of {@link streamFile}, of which {@link blobFileOf} knows the file. */
export function streamResponse(stream: ReadableStream<Uint8Array>, init: ResponseInit): Response {
  const response = new Response(stream, init);
  streams.set(response, stream);
  return response;
}

/**
 * The file that an answer of {@link streamResponse} would be read from, as long as nobody has begun to. Undefined for any
 * other answer, one that was made of it among them.
 */
export function blobFileOf(response: Response): BlobFile | undefined {
  const stream = streams.get(response);
  return stream && files.get(stream);
}

export async function openBlob(layout: Layout, sha256: string): Promise<FileHandle> {
  try {
    return await openFile(blobPath(layout, sha256), 'r');
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) {
      throw new AgnesError('blob_not_found', `There is no stored file ${sha256}.`, { cause: error });
    }
    throw error;
  }
}

export function readBlob(
  layout: Layout,
  sha256: string,
  range: { readonly start: number; readonly end: number } | undefined,
): ReadableStream<Uint8Array> {
  blobPath(layout, sha256);
  return streamFile(() => openBlob(layout, sha256), range);
}

/**
 * A file as a stream that can also be sent without the stream's cost ({@link streamResponse}). It is opened when somebody
 * begins to read, and closed at the end; `unread` is called instead when nobody ever does.
 */
export function streamFile(
  open: () => Promise<FileHandle>,
  range?: { readonly start: number; readonly end: number },
  unread: () => Promise<void> = async () => {},
): ReadableStream<Uint8Array> {
  const { start, end } = range ?? { start: 0, end: Number.MAX_SAFE_INTEGER - 1 };
  let position = start;
  let rest: number | undefined;
  let file: FileHandle | undefined;
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        files.delete(stream);
        file ??= await open();
        rest ??= Math.min((await file.stat()).size, end + 1) - start;
        const bytes = await readAt(file, position, Math.max(0, Math.min(READ_SIZE, rest)));
        position += bytes.byteLength;
        rest -= bytes.byteLength;
        if (bytes.byteLength > 0) {
          controller.enqueue(bytes);
        }
        if (bytes.byteLength === 0 || rest <= 0) {
          await file.close();
          controller.close();
        }
      },
      async cancel() {
        files.delete(stream);
        if (file === undefined) await unread();
        else await file.close();
      },
    },
    { highWaterMark: 0 },
  );
  files.set(stream, { open, start });
  return stream;
}

/** At most `length` bytes; none at the end of the file. A file that cannot be read is closed: the stream asks no more. */
async function readAt(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  try {
    // A fresh buffer, because nobody tells when the reader is done with it. No larger than what is left.
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    await file.close();
    throw error;
  }
}
