import type { Config } from '@agnes/config';
import { AgnesError } from '@agnes/errors';
import { pino } from 'pino';
import { startClock } from './clock.ts';
import { serverTasks } from './tasks.ts';
import { untilStopped } from './until-stopped.ts';

type Settings = Pick<
  Config,
  | 'apiUrl'
  | 'schedulerApiToken'
  | 'dataRefreshSeconds'
  | 'healthCheckSeconds'
  | 'tickSeconds'
  | 'startupGraceSeconds'
  | 'logLevel'
>;

/** Runs the clock until the process is told to stop, or the server that started it is gone. Throws `invalid_config`. */
export async function runScheduler(config: Settings): Promise<void> {
  const token = config.schedulerApiToken?.reveal();
  if (token === undefined) {
    throw new AgnesError('invalid_config', 'SCHEDULER_API_TOKEN is not set, so the server would refuse every call.', {
      hint: 'Set it to the same text as for the server, at least 32 characters.',
    });
  }
  const log = pino(
    {
      level: config.logLevel,
      base: { app: 'agnes-scheduler' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ fd: 2, sync: true }),
  );
  const clock = startClock({
    tasks: serverTasks({ ...config, token }),
    tickMs: config.tickSeconds * 1000,
    graceMs: config.startupGraceSeconds * 1000,
    log,
  });
  log.info({ api_url: config.apiUrl, tick_seconds: config.tickSeconds }, 'scheduler started');
  const reason = await untilStopped();
  log.info({ reason }, 'scheduler stops');
  await clock.stop();
  // An open channel to the server would keep this process alive.
  if (process.connected) process.disconnect();
}
