// Requests byte by byte as they are written here: no client library adds a header, follows a redirect or hides an answer.
import { Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  /** What the body says, when it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape are looked into
  readonly body: any;
}

export interface Ask {
  readonly method: string;
  /** Path and query, encoded. */
  readonly path: string;
  /** A value that is a list is sent as so many headers. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: unknown;
  /** Sends the body as a form of a page does. */
  readonly form?: boolean;
}

/** Sends requests to one server over connections that stay open. */
export interface Line extends Disposable {
  ask(ask: Ask): Promise<Answer>;
}

/** No answer that is asked for here takes a tenth of that; one that never comes must not look like a slow machine. */
const LONGEST_MS = 60_000;

export function openLine(url: string): Line {
  const { hostname, port } = new URL(url);
  const agent = new Agent({ keepAlive: true });
  return {
    async ask({ method, path, headers = {}, body, form = false }) {
      const text = body === undefined ? undefined : form ? formText(body) : JSON.stringify(body);
      const sent = {
        ...headers,
        ...(text === undefined
          ? {}
          : {
              'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json',
              'content-length': String(Buffer.byteLength(text)),
            }),
      } as Record<string, string | string[]>;
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      const outgoing = request({ hostname, port, agent, method, path, headers: sent }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const isJson =
            bytes.length > 0 && /^application\/(problem\+)?json/.test(incoming.headers['content-type'] ?? '');
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            bytes,
            body: isJson ? JSON.parse(bytes.toString()) : undefined,
          });
        });
      });
      outgoing.on('error', reject);
      outgoing.setTimeout(LONGEST_MS, () => outgoing.destroy(new Error(`${method} ${path} is not answered.`)));
      outgoing.end(text);
      return promise;
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}

function formText(body: unknown): string {
  return new URLSearchParams(body as Record<string, string>).toString();
}
