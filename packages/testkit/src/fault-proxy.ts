import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What goes wrong with one response. Offsets count the bytes of its body, from 0. */
export type Fault =
  | { readonly kind: 'cut'; readonly afterBytes: number }
  | { readonly kind: 'stall'; readonly afterBytes: number }
  | { readonly kind: 'corrupt'; readonly at: number }
  /** Says the length that the server said, but sends fewer bytes and closes properly. */
  | { readonly kind: 'shorten'; readonly by: number }
  /** Answers by itself: the server never hears of the request. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body?: string;
      readonly headers?: Record<string, string>;
    }
  /** Closes the connection before it answers. */
  | { readonly kind: 'refuse' };

export interface ProxiedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** How many requests came before this one. */
  readonly index: number;
}

export interface FaultProxy extends AsyncDisposable {
  readonly url: string;
  /** Every request so far, in order of arrival. */
  readonly requests: readonly ProxiedRequest[];
  /** From now on: a fault for every response, one chosen by request, or none. */
  setFault(fault: Fault | ((request: ProxiedRequest) => Fault | undefined) | undefined): void;
}

/** A network between a client and the server at `target` that fails as told; without a fault it passes all on unchanged. */
export async function startFaultProxy(
  target: string,
  initial?: Fault | ((request: ProxiedRequest) => Fault | undefined),
): Promise<FaultProxy> {
  let choose = initial;
  const requests: ProxiedRequest[] = [];
  const server = createServer((incoming, outgoing) => {
    const seen: ProxiedRequest = {
      method: incoming.method ?? 'GET',
      path: incoming.url ?? '/',
      headers: incoming.headers,
      index: requests.length,
    };
    requests.push(seen);
    const fault = typeof choose === 'function' ? choose(seen) : choose;
    if (fault?.kind === 'refuse') incoming.socket.destroy();
    else if (fault?.kind === 'answer') outgoing.writeHead(fault.status, fault.headers).end(fault.body ?? '');
    else passOn(new URL(seen.path, target), incoming, outgoing, fault);
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    setFault(fault) {
      choose = fault;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => {
        server.close(done);
      });
    },
  };
}

type BodyFault = Exclude<Fault, { kind: 'answer' | 'refuse' }>;

function passOn(url: URL, incoming: IncomingMessage, outgoing: ServerResponse, fault: BodyFault | undefined): void {
  const upstream = request(url, { method: incoming.method ?? 'GET', headers: incoming.headers, agent: false });
  upstream.on('error', () => outgoing.destroy());
  outgoing.on('close', () => upstream.destroy());
  upstream.on('response', (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    outgoing.flushHeaders();
    response.on('error', () => outgoing.destroy());
    sendBody(response, outgoing, fault);
  });
  incoming.pipe(upstream);
}

function sendBody(response: IncomingMessage, outgoing: ServerResponse, fault: BodyFault | undefined): void {
  let sent = 0;
  let isStalled = false;
  const total = Number(response.headers['content-length'] ?? Number.POSITIVE_INFINITY);
  const end = fault?.kind === 'shorten' ? total - fault.by : Number.POSITIVE_INFINITY;
  response.on('data', (chunk: Buffer) => {
    if (isStalled) return;
    const start = sent;
    sent += chunk.length;
    if (fault?.kind === 'corrupt' && fault.at >= start && fault.at < sent) {
      const at = fault.at - start;
      chunk.writeUInt8(chunk.readUInt8(at) ^ 0xff, at);
    }
    if ((fault?.kind === 'cut' || fault?.kind === 'stall') && sent > fault.afterBytes) {
      isStalled = true;
      outgoing.write(chunk.subarray(0, fault.afterBytes - start), () => {
        if (fault.kind === 'cut') outgoing.destroy();
      });
    } else if (start < end) {
      const isFlowing = outgoing.write(chunk.subarray(0, Math.min(chunk.length, end - start)));
      if (!isFlowing) {
        response.pause();
        outgoing.once('drain', () => response.resume());
      }
    }
  });
  response.on('end', () => {
    if (isStalled) return;
    if (fault?.kind === 'shorten') outgoing.socket?.end();
    else outgoing.end();
  });
}
