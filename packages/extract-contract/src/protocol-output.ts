import type { ConnectorMessage } from './protocol.ts';

/** The way out for messages. */
export interface ProtocolOutput {
  send(message: ConnectorMessage): void;
  /** Resolves when everything has left the process. */
  flush(): Promise<void>;
}

/** What the server goes by; a variable such as a user name may hold the same word. */
const KEPT: ReadonlySet<string> = new Set(['type', 'table', 'level', 'unit']);

/**
 * Takes standard output for the protocol. Whatever else is printed in this process (`console.log` of a library) goes to
 * standard error from now on. Each of `secrets` that has at least 6 characters is struck out of every text that is sent.
 * `onClosed` runs when nobody reads any more.
 */
export function takeStandardOutput(secrets: readonly string[], onClosed: () => void): ProtocolOutput {
  const { stdout, stderr } = process;
  const write = stdout.write.bind(stdout);
  stdout.write = stderr.write.bind(stderr) as typeof stdout.write;
  stdout.on('error', onClosed);
  stderr.on('error', () => {
    // Nobody reads the log; the protocol goes on.
  });
  // The longest first: one that begins like another must not leave its end behind.
  const struck = secrets.filter((secret) => secret.length >= 6).sort((a, b) => b.length - a.length);
  const redact = (key: string, value: unknown): unknown => {
    if (typeof value !== 'string' || KEPT.has(key)) return value;
    return struck.reduce((text, secret) => text.replaceAll(secret, '***'), value);
  };

  return {
    send(message) {
      write(`${JSON.stringify(message, redact)}\n`);
    },
    flush: () =>
      new Promise((resolve) => {
        write('', () => resolve());
      }),
  };
}
