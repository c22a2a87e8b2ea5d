import { createServer, type IncomingMessage, type OutgoingHttpHeaders, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGzip } from 'node:zlib';

/** What goes wrong with one response. Offsets count the bytes of its body, from 0. */
export type Fault =
  | { readonly kind: 'cut'; readonly afterBytes: number }
  | { readonly kind: 'stall'; readonly afterBytes: number }
  | { readonly kind: 'corrupt'; readonly at: number }
  /** Says the length that the server said, but sends fewer bytes and closes properly. */
  | { readonly kind: 'shorten'; readonly by: number }
  /** Sends more bytes than the server did, and says so. */
  | { readonly kind: 'lengthen'; readonly by: number }
  /** Sends the bytes after the first ones a few at a time. */
  | { readonly kind: 'trickle'; readonly afterBytes: number; readonly everyMs: number }
  /** Says what the server said, but for these headers. */
  | { readonly kind: 'headers'; readonly set: Readonly<Record<string, string>> }
  /** Asks the server for the whole file, whatever the client asked for. */
  | { readonly kind: 'ignore-range' }
  /** Compresses what the server sends uncompressed. */
  | { readonly kind: 'gzip' }
  /** Takes the request and says nothing. */
  | { readonly kind: 'silence' }
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
  /** Bytes of the server's body that were sent on so far. */
  readonly sent: number;
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
  const requests: Seen[] = [];
  const server = createServer((incoming, outgoing) => {
    const seen: Seen = {
      method: incoming.method ?? 'GET',
      path: incoming.url ?? '/',
      headers: incoming.headers,
      index: requests.length,
      sent: 0,
    };
    requests.push(seen);
    const fault = typeof choose === 'function' ? choose(seen) : choose;
    if (fault?.kind === 'silence') return;
    if (fault?.kind === 'refuse') incoming.socket.destroy();
    else if (fault?.kind === 'answer') outgoing.writeHead(fault.status, fault.headers).end(fault.body ?? '');
    else passOn(new URL(seen.path, target), incoming, outgoing, fault, seen);
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

type BodyFault = Exclude<Fault, { kind: 'answer' | 'refuse' | 'silence' }>;
type Seen = Omit<ProxiedRequest, 'sent'> & { sent: number };

function passOn(
  url: URL,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: BodyFault | undefined,
  seen: Seen,
): void {
  const { range: _range, 'if-range': _ifRange, ...others } = incoming.headers;
  const headers = fault?.kind === 'ignore-range' ? others : incoming.headers;
  const upstream = request(url, { method: incoming.method ?? 'GET', headers, agent: false });
  upstream.on('error', () => outgoing.destroy());
  outgoing.on('close', () => upstream.destroy());
  upstream.on('response', (response) => {
    outgoing.writeHead(response.statusCode ?? 502, headersUnder(fault, response));
    outgoing.flushHeaders();
    response.on('error', () => outgoing.destroy());
    if (fault?.kind === 'gzip') response.pipe(createGzip()).pipe(outgoing);
    else sendBody(response, outgoing, fault, seen);
  });
  incoming.pipe(upstream);
}

function headersUnder(fault: BodyFault | undefined, { headers }: IncomingMessage): OutgoingHttpHeaders {
  if (fault?.kind === 'headers') return { ...headers, ...fault.set };
  const { 'content-length': length, ...others } = headers;
  if (fault?.kind === 'gzip') return { ...others, 'content-encoding': 'gzip' };
  if (fault?.kind === 'lengthen') return { ...others, 'content-length': Number(length ?? 0) + fault.by };
  return headers;
}

function sendBody(response: IncomingMessage, outgoing: ServerResponse, fault: BodyFault | undefined, seen: Seen): void {
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
    if ((fault?.kind === 'cut' || fault?.kind === 'stall' || fault?.kind === 'trickle') && sent > fault.afterBytes) {
      isStalled = true;
      const rest = chunk.subarray(fault.afterBytes - start);
      seen.sent += chunk.length - rest.length;
      outgoing.write(chunk.subarray(0, fault.afterBytes - start), () => {
        if (fault.kind === 'cut') outgoing.destroy();
        if (fault.kind === 'trickle') trickle(rest, outgoing, fault.everyMs);
      });
    } else if (start < end) {
      seen.sent += Math.min(chunk.length, end - start);
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
    else outgoing.end(fault?.kind === 'lengthen' ? Buffer.alloc(fault.by) : undefined);
  });
}

function trickle(bytes: Buffer, outgoing: ServerResponse, everyMs: number): void {
  let at = 0;
  const timer = setInterval(() => {
    if (outgoing.destroyed || at >= bytes.length) return clearInterval(timer);
    outgoing.write(bytes.subarray(at, at + 1));
    at += 1;
  }, everyMs);
}
