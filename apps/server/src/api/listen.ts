import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { blobFileOf } from '@agnes/blobs';
import { AgnesError } from '@agnes/errors';
import { createAdaptorServer, type Http2Bindings, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Hono } from 'hono';
import type { HttpEnvironment } from './environment.ts';
import { sendFile } from './send-file.ts';

export interface Listener {
  /** Where this machine reaches the server. */
  readonly url: string;
  /** Accepts nothing more, lets requests finish for `graceMs`, then cuts what is left. */
  close(graceMs: number): Promise<void>;
}

const LIMITS = {
  /** A request, headers and body, must be here by then. Answers may take as long as they need. */
  requestTimeout: 60_000,
  headersTimeout: 15_000,
  /** Longer than the 60 s after which common proxies let a connection go, so that the proxy is the one to close it. */
  keepAliveTimeout: 65_000,
  maxHeaderSize: 16 * 1024,
} as const;

export interface ListenOptions {
  /** Told of a stored file that could not be sent to its end. */
  readonly onBroken?: (error: unknown) => void;
  /** A client that takes nothing more of a file for so long is cut off. Default 5 minutes. */
  readonly stallMs?: number;
}

/** Serves the app. Throws `invalid_config` when the address cannot be had. */
export async function listen(
  app: Hono<HttpEnvironment>,
  host: string,
  port: number,
  { onBroken = () => {}, stallMs = 300_000 }: ListenOptions = {},
): Promise<Listener> {
  const answer = async (request: Request, env: HttpBindings | Http2Bindings): Promise<Response> => {
    const response = await app.fetch(request, env);
    const file = blobFileOf(response);
    if (file === undefined) return response;
    await sendFile(env.outgoing as ServerResponse, response, file, { onBroken, stallMs });
    return RESPONSE_ALREADY_SENT;
  };
  const server = createAdaptorServer({ fetch: answer, serverOptions: LIMITS }) as Server;
  const connections = new Set<Socket>();
  server.on('connection', (connection) => {
    connections.add(connection);
    connection.once('close', () => connections.delete(connection));
  });
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw cannotListen(cause, host, port);
  }
  return {
    url: urlOf(server.address() as AddressInfo),
    close: (graceMs) => closeServer(server, connections, graceMs),
  };
}

async function closeServer(server: Server, connections: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  // A connection that becomes idle only now would otherwise stay until its keep-alive time is over.
  const idle = setInterval(() => {
    server.closeIdleConnections();
    // To Node a connection is busy until its first request; clients keep spare ones, for example after a cancelled answer.
    for (const connection of connections) if (connection.bytesRead === 0) connection.destroy();
  }, 100);
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearInterval(idle);
  clearTimeout(cut);
}

function urlOf({ address, family, port }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::') return `http://127.0.0.1:${port}`;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there',
  EACCES: 'this account may not listen there',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'this machine has no such address',
};

function cannotListen(cause: unknown, host: string, port: number): unknown {
  const reason = REASONS[(cause as NodeJS.ErrnoException).code ?? ''];
  if (reason === undefined) return cause;
  return new AgnesError('invalid_config', `The server cannot listen on ${host}, port ${port}: ${reason}.`, {
    hint: 'Stop that process, or set HOST and PORT to an address that is free; PORT=0 takes a free port.',
    cause,
  });
}
