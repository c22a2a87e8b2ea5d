import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';

export interface LocalAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json: unknown;
}

export interface LocalRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** An HTTP server of a test, on a free port of this machine. */
export interface LocalHttp extends AsyncDisposable {
  readonly url: string;
}

/** Serves JSON. What `answer` throws becomes a 500 with its message. */
export async function startLocalHttp(answer: (request: LocalRequest) => Promise<LocalAnswer>): Promise<LocalHttp> {
  const server = createServer((incoming, outgoing) => {
    const respond = async (): Promise<LocalAnswer> => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const { method = 'GET', headers } = incoming;
      const url = new URL(incoming.url ?? '/', `http://${headers.host ?? '127.0.0.1'}`);
      return answer({ method, url, headers, body: Buffer.concat(chunks).toString('utf8') });
    };
    void respond()
      .catch((error: unknown) => ({ status: 500, headers: {}, json: { error: String(error) } }))
      .then(({ status = 200, headers = {}, json }) => {
        outgoing.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(json));
      });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
