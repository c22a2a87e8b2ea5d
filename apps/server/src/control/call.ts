import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { hasErrorCode } from '@agnes/durable-files';
import { AgnesError, isErrorCode } from '@agnes/errors';
import { controlAddress } from './address.ts';
import { readControlKey } from './key.ts';
import {
  type ControlCommand,
  lineReader,
  newNonce,
  outcome,
  parseLine,
  proofHolds,
  proofOf,
  welcome,
} from './protocol.ts';

const ANSWER_WITHIN_MS = 15_000;
/** No server, one that was killed, one that is busy. */
const NOBODY = ['ENOENT', 'ECONNREFUSED', 'EAGAIN'];

/**
 * Has the server of a state folder do a command. Undefined when none listens, or it ended before it took the command, so
 * that nothing was done. Throws what the server threw, and `unavailable` when it is not known whether the command was done.
 */
export async function callServer(stateDir: string, wanted: ControlCommand): Promise<{ result: unknown } | undefined> {
  const key = await readControlKey(stateDir);
  if (key === undefined) return undefined;
  const socket = await connected(await controlAddress(stateDir));
  if (socket === undefined) return undefined;
  try {
    return await converse(socket, key, wanted);
  } finally {
    socket.destroy();
  }
}

async function connected(address: string): Promise<Socket | undefined> {
  const socket = connect(address);
  try {
    await once(socket, 'connect');
    return socket;
  } catch (error) {
    socket.destroy();
    if (NOBODY.some((code) => hasErrorCode(error, code))) return undefined;
    if (!hasErrorCode(error, 'EACCES') && !hasErrorCode(error, 'EPERM')) throw error;
    throw new AgnesError('forbidden', 'The server that runs belongs to another account of this machine.', {
      hint: 'Run the command as the account that runs the server.',
      cause: error,
    });
  }
}

async function converse(socket: Socket, key: string, wanted: ControlCommand): Promise<{ result: unknown } | undefined> {
  socket.on('error', () => undefined);
  socket.setTimeout(ANSWER_WITHIN_MS, () => socket.destroy());
  const read = lineReader(socket);
  const nextLine = () => read().catch(() => undefined);
  const nonce = newNonce();
  socket.write(`${JSON.stringify({ nonce })}\n`);
  const greeted = parseLine(welcome, await nextLine());
  if (greeted === undefined) return undefined;
  // A server that has just started has another key by now; and what does not have it is none of ours.
  if (!proofHolds(greeted.proof, proofOf(key, 'server', nonce))) return undefined;
  const text = JSON.stringify(wanted);
  socket.write(`${JSON.stringify({ command: text, proof: proofOf(key, 'client', greeted.nonce, text) })}\n`);
  const said = parseLine(outcome, await nextLine());
  if (said === undefined) {
    throw new AgnesError('unavailable', 'The server ended, or took too long, before it said whether it was done.', {
      hint: 'Run the command again: what was done already is not done twice.',
    });
  }
  if ('result' in said) return { result: said.result };
  const { code, message, hint } = said.error;
  throw new AgnesError(isErrorCode(code) ? code : 'server_error', message, hint === undefined ? {} : { hint });
}
