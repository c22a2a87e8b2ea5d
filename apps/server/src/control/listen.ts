import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import type { BreakGlass } from '@agnes/auth';
import { isAgnesError } from '@agnes/errors';
import type { Logger } from 'pino';
import { controlAddress } from './address.ts';
import { writeControlKey } from './key.ts';
import { command, hello, lineReader, newNonce, order, parseLine, proofHolds, proofOf } from './protocol.ts';
import { runControlCommand } from './run-command.ts';

export interface ControlListener {
  /** Takes no more commands and lets those that run finish. */
  close(): Promise<void>;
}

const ANSWER_WITHIN_MS = 15_000;
const CONNECTIONS = 8;

/**
 * Listens for the commands of this machine's owner. To be called by the holder of the state's lock only: a socket that is
 * there is then one that a crash left, and is replaced. What is not a command of ours gets no answer at all.
 */
export async function listenForControl(
  stateDir: string,
  breakGlass: BreakGlass,
  log: Logger,
): Promise<ControlListener> {
  const address = await controlAddress(stateDir);
  const isFile = process.platform !== 'win32';
  if (isFile) await rm(address, { force: true });
  const key = await writeControlKey(stateDir);
  const underWay = new Set<Promise<void>>();
  const sockets = new Set<Socket>();

  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    const work = serve(socket, key, breakGlass, log)
      .catch((err: unknown) => log.error({ err }, 'a command of this machine failed'))
      .finally(() => {
        sockets.delete(socket);
        underWay.delete(work);
        socket.destroySoon();
      });
    underWay.add(work);
  });
  server.maxConnections = CONNECTIONS;
  server.listen(address);
  await once(server, 'listening');
  if (isFile) await chmod(address, 0o600);
  return {
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
      await Promise.all(underWay);
      await closed;
    },
  };
}

async function serve(socket: Socket, key: string, breakGlass: BreakGlass, log: Logger): Promise<void> {
  // A client that goes away, or says nothing, is no trouble of the server's.
  socket.on('error', () => undefined);
  socket.setTimeout(ANSWER_WITHIN_MS, () => socket.destroy());
  const nextLine = readQuietly(lineReader(socket));
  const greeting = parseLine(hello, await nextLine());
  if (greeting === undefined) return;
  const nonce = newNonce();
  send(socket, { nonce, proof: proofOf(key, 'server', greeting.nonce) });
  const given = parseLine(order, await nextLine());
  if (given === undefined || !proofHolds(given.proof, proofOf(key, 'client', nonce, given.command))) return;
  const wanted = parseLine(command, given.command);
  if (wanted === undefined) return;
  log.warn({ command: wanted.name }, 'a command of this machine');
  send(socket, await answerOf(breakGlass, wanted));
}

async function answerOf(breakGlass: BreakGlass, wanted: Parameters<typeof runControlCommand>[1]): Promise<object> {
  try {
    return { result: await runControlCommand(breakGlass, wanted) };
  } catch (error) {
    if (!isAgnesError(error)) throw error;
    const { code, message, hint } = error;
    return { error: { code, message, ...(hint === undefined ? {} : { hint }) } };
  }
}

const send = (socket: Socket, value: object): boolean => socket.write(`${JSON.stringify(value)}\n`);

/** A connection that breaks off is as one that ends. */
function readQuietly(read: () => Promise<string | undefined>): () => Promise<string | undefined> {
  return () => read().catch(() => undefined);
}
