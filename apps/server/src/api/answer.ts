import { type Operation, Reply } from '@agnes/api-contract';

/** The HTTP answer of what a handler returned. */
export function answer(operation: Operation, result: unknown): Response {
  if (result instanceof Response) return result;
  const reply = result instanceof Reply ? result : new Reply(result);
  const { status = operation.status, headers = {} } = reply.init;
  if (reply.body === undefined) return new Response(null, { status, headers });
  const body = JSON.stringify(reply.body);
  return new Response(body, {
    status,
    headers: {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      ...headers,
    },
  });
}

/** The same answer without its body, which is let go, so that a file behind it is closed. */
export async function withoutBody(response: Response): Promise<Response> {
  await response.body?.cancel();
  return new Response(null, { status: response.status, headers: response.headers });
}
