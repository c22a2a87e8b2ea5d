import { AgnesError } from '@agnes/errors';

/** The largest request body that is read, in bytes. */
export const MAX_BODY_BYTES = 1024 * 1024;

/**
 * The JSON value that a request carries; undefined when it has no body. Throws `malformed_request` for anything that is
 * not JSON in UTF-8, and `payload_too_large`.
 */
export async function readJson(request: Request): Promise<unknown> {
  const type = request.headers.get('content-type');
  const text = await readText(request);
  if (text === '') return undefined;
  if (type !== null && !/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(type)) {
    throw new AgnesError('malformed_request', `The request body has the type '${type.slice(0, 100)}', not JSON.`, {
      hint: 'Send the body as JSON with `Content-Type: application/json`.',
    });
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw malformed('The request body is not valid JSON.', cause);
  }
}

async function readText(request: Request): Promise<string> {
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  if (request.body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw malformed('The request body is not UTF-8 text.', cause);
  }
}

function malformed(message: string, cause: Error): AgnesError {
  return new AgnesError('malformed_request', message, { hint: 'Send one JSON value, encoded as UTF-8.', cause });
}

function tooLarge(): AgnesError {
  return new AgnesError('payload_too_large', `The request body is larger than ${MAX_BODY_BYTES} bytes.`, {
    hint: 'Split the request into smaller ones.',
    details: { limit_bytes: MAX_BODY_BYTES },
  });
}
