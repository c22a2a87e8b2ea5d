import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { AgnesError } from '@agnes/errors';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import type { HttpEnvironment } from './environment.ts';

export interface Listener {
  /** Where this machine reaches the server. */
  readonly url: string;
  /** Accepts nothing more, lets requests finish for `graceMs`, then cuts what is left; sooner an answer that nobody reads. */
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

/** While the server stops: an answer that has begun, and of which nothing moves for so long, has lost its reader. */
const STALLED_MS = 3_000;

/** Serves the app. Throws `invalid_config` when the address cannot be had. */
export async function listen(app: Hono<HttpEnvironment>, host: string, port: number): Promise<Listener> {
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions: LIMITS }) as Server;
  const answers = new Set<ServerResponse>();
  const connections = new Set<Socket>();
  server.on('connection', (connection) => {
    connections.add(connection);
    connection.once('close', () => connections.delete(connection));
  });
  server.on('request', (_request, response) => {
    answers.add(response);
    response.once('close', () => answers.delete(response));
  });
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw cannotListen(cause, host, port);
  }
  return {
    url: urlOf(server.address() as AddressInfo),
    close: (graceMs) => closeServer(server, { answers, connections }, graceMs),
  };
}

interface Open {
  readonly answers: ReadonlySet<ServerResponse>;
  readonly connections: ReadonlySet<Socket>;
}

async function closeServer(server: Server, { answers, connections }: Open, graceMs: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const cutStalled = stalledCutter(answers);
  // A connection that becomes idle only now would otherwise stay until its keep-alive time is over.
  const idle = setInterval(() => {
    server.closeIdleConnections();
    // To Node a connection is busy until its first request; clients keep spare ones, for example after a cancelled answer.
    for (const connection of connections) if (connection.bytesRead === 0) connection.destroy();
    cutStalled();
  }, 100);
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearInterval(idle);
  clearTimeout(cut);
}

/** A client that lost interest without closing its connection would else hold up a stop for all of its time. */
function stalledCutter(answers: ReadonlySet<ServerResponse>): () => void {
  const seen = new Map<ServerResponse, { readonly bytes: number; readonly since: number }>();
  return () => {
    const now = performance.now();
    for (const answer of answers) {
      if (!answer.headersSent || answer.socket === null) continue;
      const { bytesWritten, writableLength } = answer.socket;
      const bytes = bytesWritten - writableLength;
      const before = seen.get(answer);
      if (before?.bytes !== bytes) seen.set(answer, { bytes, since: now });
      else if (now - before.since > STALLED_MS) answer.socket.destroy();
    }
  };
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
