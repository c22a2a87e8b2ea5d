import { type Logger, pino } from 'pino';

/** A log of JSON lines on stderr; stdout stays for the one line that says where the server listens. */
export function createLog(level: string): Logger {
  return pino(
    {
      level,
      base: { app: 'agnes-server' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}
