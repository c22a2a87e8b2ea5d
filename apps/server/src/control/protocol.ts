import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import * as v from 'valibot';

/**
 * One connection, one command, four lines of JSON: the client's nonce; the server's nonce and its proof over the client's;
 * the command and the client's proof over the server's nonce; the answer. Both prove that they hold the key that lies
 * beside the state, which only its owner reads: the pipes of Windows have names that anybody may take.
 */
export const nonce = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
export const hello = v.strictObject({ nonce });
export const welcome = v.strictObject({ nonce, proof: nonce });
const text = (most: number) => v.pipe(v.string(), v.maxLength(most));
export const command = v.variant('name', [
  v.strictObject({ name: v.literal('grant_admin'), email: text(1000) }),
  v.strictObject({ name: v.literal('list_admins') }),
  v.strictObject({ name: v.literal('set_password'), email: text(1000), password: text(2000) }),
]);
export const order = v.strictObject({ command: v.string(), proof: nonce });
export const outcome = v.union([
  v.strictObject({ result: v.unknown() }),
  v.strictObject({
    error: v.strictObject({ code: v.string(), message: v.string(), hint: v.optional(v.string()) }),
  }),
]);

export type ControlCommand = v.InferOutput<typeof command>;

export const newNonce = (): string => randomBytes(32).toString('hex');

export function proofOf(key: string, side: 'server' | 'client', its: string, more = ''): string {
  return createHmac('sha256', key).update(`${side}\n${its}\n${more}`).digest('hex');
}

export const proofHolds = (proof: string, expected: string): boolean =>
  timingSafeEqual(Buffer.from(proof), Buffer.from(expected));

/** A line is short; what is longer is not from us. */
const MOST = 16_384;

/** Reads one line after another. Undefined when the other side ends before its line does, or the line is too long. */
export function lineReader(socket: Socket): () => Promise<string | undefined> {
  const bytes = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  let held = '';
  return async () => {
    for (;;) {
      const end = held.indexOf('\n');
      if (end !== -1) {
        const line = held.slice(0, end);
        held = held.slice(end + 1);
        return line;
      }
      if (held.length > MOST) return undefined;
      const { done, value } = await bytes.next();
      if (done === true) return undefined;
      held += value.toString('utf8');
    }
  };
}

/** The value of a line, if it is JSON of that shape. */
export function parseLine<S extends v.GenericSchema>(
  schema: S,
  line: string | undefined,
): v.InferOutput<S> | undefined {
  if (line === undefined) return undefined;
  try {
    const result = v.safeParse(schema, JSON.parse(line));
    return result.success ? result.output : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
