import { BlockList, isIP } from 'node:net';
import type { MiddlewareHandler } from 'hono';
import type { HttpEnvironment } from './environment.ts';

/** Of a list that a hostile client made long, no more than this is read. */
const MOST_HOPS = 32;

/** Notes the client's address of each request. Throws a `RangeError` for a proxy that is no address or network. */
export function clientAddress(trustedProxies: readonly string[]): MiddlewareHandler<HttpEnvironment> {
  const addressOf = createAddressOf(trustedProxies);
  return async function clientAddress(context, next) {
    const socket = context.env?.incoming?.socket.remoteAddress ?? null;
    context.set('ip', addressOf(socket, context.req.header('x-forwarded-for')));
    await next();
  };
}

/**
 * The address of the client, given the peer of the connection and what `X-Forwarded-For` says. That header is read from its
 * right end, where the nearest proxy wrote, and only as long as everyone so far is trusted; without trusted proxies never.
 */
export function createAddressOf(
  trustedProxies: readonly string[],
): (peer: string | null, forwardedFor: string | undefined) => string | null {
  const trusted = blockListOf(trustedProxies);
  const isTrusted = (address: string): boolean => trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return (peer, forwardedFor) => {
    let address = peer === null ? null : plainAddress(peer);
    if (address === null || trustedProxies.length === 0 || forwardedFor === undefined) return address;
    const hops = forwardedFor.split(',').slice(-MOST_HOPS).reverse();
    for (const hop of hops) {
      if (!isTrusted(address)) break;
      const before = plainAddress(hop);
      // What is no address was not written by a proxy that knows its trade: the last known one has to answer for it.
      if (before === null) break;
      address = before;
    }
    return address;
  };
}

function blockListOf(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [written = '', bits] = entry.split('/');
    const address = plainAddress(written);
    if (address === null) throw new RangeError(`'${entry}' is no address.`);
    const isMapped = isIP(written) === 6 && isIP(address) === 4;
    const type = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, type);
    else list.addSubnet(address, Number(bits) - (isMapped ? 96 : 0), type);
  }
  return list;
}

/** An address without zone, port and brackets, an IPv4 one in IPv6 clothes as IPv4; null for what is none. */
function plainAddress(text: string): string | null {
  const bare = text
    .trim()
    .replace(/^\[([^\]]*)\](?::\d+)?$/, '$1')
    .replace(/^([\d.]+):\d+$/, '$1')
    .replace(/%.*$/, '');
  const family = isIP(bare);
  if (family === 0) return null;
  if (family === 4) return bare;
  const canonical = URL.parse(`http://[${bare}]/`)?.hostname.slice(1, -1) ?? bare;
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (mapped === null) return canonical;
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
