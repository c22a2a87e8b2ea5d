import type { JobLogLevel, JobLogLine } from './job.ts';

const MAX_LINES = 5000;
const MAX_LENGTH = 4000;

export interface LogBuffer {
  add(at: Date, level: JobLogLevel, message: string): void;
  /** The lines since the last call. */
  take(): JobLogLine[];
  /** To be called before the last `take`: says how many lines were left out. */
  finish(at: Date): void;
  /** Puts lines back that could not be written. */
  putBack(lines: readonly JobLogLine[]): void;
}

/** Collects log lines between writes. One job may not fill the state, so a line and a log have a greatest length. */
export function createLogBuffer(lastPosition: number): LogBuffer {
  let position = lastPosition;
  let written = 0;
  let dropped = 0;
  let lines: JobLogLine[] = [];
  const append = (at: Date, level: JobLogLevel, message: string): void => {
    position += 1;
    lines.push({ position, at, level, message });
  };
  return {
    add(at, level, message) {
      if (written >= MAX_LINES) {
        dropped += 1;
        return;
      }
      written += 1;
      append(at, level, message.length > MAX_LENGTH ? `${message.slice(0, MAX_LENGTH)} … (cut)` : message);
    },
    take() {
      const taken = lines;
      lines = [];
      return taken;
    },
    finish(at) {
      if (dropped > 0) {
        append(at, 'warning', `${dropped} more lines were left out: a job's log ends after ${MAX_LINES}.`);
        dropped = 0;
      }
    },
    putBack(taken) {
      lines = [...taken, ...lines];
    },
  };
}
