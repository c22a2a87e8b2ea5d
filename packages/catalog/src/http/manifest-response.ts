import type { RequestContext } from '@agnes/api-contract';
import type { Manifest } from '../manifest.ts';
import type { Pieces } from '../manifest-text.ts';
import { noneMatchNames } from './entity-tags.ts';

/** The manifest, gzipped for whoever takes that, or 304 when the client has it. */
export async function manifestResponse(
  manifest: Manifest,
  { headers: asked }: Pick<RequestContext, 'headers'>,
): Promise<Response> {
  const common = { 'cache-control': 'private, no-cache', vary: 'Accept-Encoding' };
  if (noneMatchNames(asked.get('if-none-match'), manifest.etag)) {
    return new Response(null, { status: 304, headers: { ...common, etag: manifest.etag } });
  }
  const plain = manifest.plain();
  const gzip = lengthOf(plain) >= LEAST_GZIPPED && takesGzip(asked.get('accept-encoding'));
  const pieces = gzip ? await manifest.gzipped() : plain;
  return new Response(streamOf(pieces), {
    headers: {
      ...common,
      // A strong tag is of the very bytes; both forms are one manifest.
      etag: gzip ? `W/${manifest.etag}` : manifest.etag,
      ...(gzip ? { 'content-encoding': 'gzip' } : {}),
      'content-type': 'application/json',
      'content-length': String(lengthOf(pieces)),
    },
  });
}

/** Bytes of the smallest answer that is worth compressing: the server's other answers keep to the same. */
const LEAST_GZIPPED = 1024;

const lengthOf = (pieces: Pieces): number => pieces.reduce((sum, { length }) => sum + length, 0);

/** As a stream the pieces go to the socket as they are; a `Response` of bytes would copy them first. */
function streamOf(pieces: Pieces): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
}

/** Whether an Accept-Encoding names gzip, and not with the weight 0. */
function takesGzip(header: string | null): boolean {
  const entry = header?.split(',').find((one) => /^\s*(?:x-)?gzip\s*(?:;|$)/i.test(one));
  return entry !== undefined && !/;\s*q\s*=\s*0(?:\.0*)?\s*$/i.test(entry);
}
