import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const RANDOM_BITS = 80n;

let last = 0n;

/**
 * A new id, such as `job_01kaz3w7v8q5m2n4p6r8s0t1v3`: 26 characters, 48 bits of time and 80 bits of chance (ULID, lower
 * case). Ids of one process sort in the order they were made; across processes, by the millisecond.
 */
export function newId(prefix?: string): string {
  const fresh = (BigInt(Date.now()) << RANDOM_BITS) | BigInt(`0x${randomBytes(10).toString('hex')}`);
  const sameTime = fresh >> RANDOM_BITS <= last >> RANDOM_BITS;
  last = sameTime ? last + 1n : fresh;
  let text = '';
  for (let rest = last; text.length < 26; rest >>= 5n) {
    text = ALPHABET.charAt(Number(rest & 31n)) + text;
  }
  return prefix === undefined ? text : `${prefix}_${text}`;
}
