import { isIPv6 } from 'node:net';

/**
 * What counts as one address: all of IPv4, the first 64 bits of IPv6, of which everybody has as many as they like below.
 */
export function addressGroup(ip: string | null): string {
  if (ip === null || !isIPv6(ip)) return ip ?? '';
  // Without its zone, and with an IPv4 tail written as two groups, so that it always has eight of them.
  const [text = ''] = ip.split('%');
  const [head = '', tail] = text.replace(/[\d.]+$/, (end) => (end.includes('.') ? '0:0' : end)).split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
