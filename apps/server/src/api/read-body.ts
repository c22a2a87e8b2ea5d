import { AgnesError } from '@agnes/errors';

/** The largest request body that is read, in bytes. */
export const MAX_BODY_BYTES = 1024 * 1024;

/**
 * The JSON value that a request carries, or the fields of an HTML form where the operation takes one; undefined when it has no
 * body. A field that comes more than once is a list. Throws `malformed_request` for anything else, and `payload_too_large`.
 */
export async function readBody(request: Request, { form = false }: { readonly form?: boolean } = {}): Promise<unknown> {
  const type = request.headers.get('content-type');
  const text = await readText(request);
  if (form && type !== null && /^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) return fieldsOf(text);
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

function fieldsOf(text: string): Record<string, string | string[]> {
  const fields = new URLSearchParams(text);
  return Object.fromEntries(
    [...new Set(fields.keys())].map((name) => {
      const values = fields.getAll(name);
      return [name, values.length === 1 ? (values[0] ?? '') : values];
    }),
  );
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
