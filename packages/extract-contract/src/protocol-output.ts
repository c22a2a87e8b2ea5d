import type { ConnectorMessage } from './protocol.ts';

/** The way out for messages. */
export interface ProtocolOutput {
  send(message: ConnectorMessage): void;
  /** Resolves when everything has left the process. */
  flush(): Promise<void>;
}

/**
 * Takes standard output for the protocol. Whatever else is printed in this process (`console.log` of a library) goes to
 * standard error from now on. Each of `secrets` is struck out of every message. `onClosed` runs when nobody reads any more.
 */
export function takeStandardOutput(secrets: readonly string[], onClosed: () => void): ProtocolOutput {
  const { stdout, stderr } = process;
  const write = stdout.write.bind(stdout);
  stdout.write = stderr.write.bind(stderr) as typeof stdout.write;
  stdout.on('error', onClosed);
  stderr.on('error', () => {
    // Nobody reads the log; the protocol goes on.
  });
  const inJson = secrets.filter((secret) => secret.length >= 6).map((secret) => JSON.stringify(secret).slice(1, -1));

  return {
    send(message) {
      let line = JSON.stringify(message);
      for (const secret of inJson) line = line.replaceAll(secret, '***');
      write(`${line}\n`);
    },
    flush: () =>
      new Promise((resolve) => {
        write('', () => resolve());
      }),
  };
}
