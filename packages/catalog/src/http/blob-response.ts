import type { RequestContext } from '@agnes/api-contract';
import { type BlobStore, streamResponse } from '@agnes/blobs';
import { AgnesError, toProblem } from '@agnes/errors';
import { ifRangeHolds, noneMatchNames } from './entity-tags.ts';
import { requestedRange } from './range.ts';

const TYPE = 'application/vnd.apache.parquet';

/**
 * A blob that the caller may read, as RFC 9110 has it: 200, 206, 304 or 416. Throws `blob_corrupt` when the store does not
 * have it as it should.
 */
export async function blobResponse(
  blobs: BlobStore,
  sha256: string,
  size: number,
  { method, headers: asked, requestId }: RequestContext,
): Promise<Response> {
  const etag = `"${sha256}"`;
  const headers: Record<string, string> = {
    etag,
    'accept-ranges': 'bytes',
    'cache-control': 'private, immutable, max-age=31536000',
  };
  if (noneMatchNames(asked.get('if-none-match'), etag)) return new Response(null, { status: 304, headers });

  const stored = await blobs.stat(sha256);
  if (stored?.size_bytes !== size) {
    throw new AgnesError('blob_corrupt', `The stored file ${sha256} is ${stored ? 'not as long as it was' : 'gone'}.`, {
      hint: 'Sync its table again; whoever runs the server should check the disk.',
    });
  }

  const full = { ...headers, 'content-type': TYPE, 'repr-digest': `sha-256=:${base64(sha256)}:` };
  // A range has a meaning for GET only.
  const range =
    method === 'GET' && ifRangeHolds(asked.get('if-range'), etag)
      ? requestedRange(asked.get('range'), size)
      : ({ kind: 'whole' } as const);
  if (range.kind === 'unsatisfiable') {
    const error = new AgnesError('range_not_satisfiable', `The file has ${size} bytes.`, {
      hint: 'Ask for a range within the file, or leave the Range header out.',
      details: { size },
    });
    return Response.json(toProblem(error, requestId), {
      status: error.status,
      headers: { 'content-type': 'application/problem+json', 'content-range': `bytes */${size}` },
    });
  }
  if (range.kind === 'whole') {
    const init = { status: 200, headers: { ...full, 'content-length': String(size) } };
    return method === 'HEAD' || size === 0 ? new Response(null, init) : streamResponse(blobs.read(sha256), init);
  }
  const { start, end } = range;
  return streamResponse(blobs.read(sha256, { start, end }), {
    status: 206,
    headers: {
      ...full,
      'content-length': String(end - start + 1),
      'content-range': `bytes ${start}-${end}/${size}`,
    },
  });
}

function base64(sha256: string): string {
  return Buffer.from(sha256, 'hex').toString('base64');
}
