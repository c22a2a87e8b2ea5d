import { AgnesError } from '@agnes/errors';

/** When something runs: at least so long after the last time, or at fixed times of day (minutes after midnight, UTC). */
export type Schedule =
  | { readonly kind: 'every'; readonly minutes: number }
  | { readonly kind: 'daily'; readonly at: readonly number[] };

const EVERY = /^every +([1-9][0-9]{0,5})(m|h)$/;
const DAILY = /^daily +([0-9]{2}:[0-9]{2}(?: *, *[0-9]{2}:[0-9]{2})*)$/;
const TIME = /^([01][0-9]|2[0-3]):([0-5][0-9])$/;
const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

/**
 * Reads `every <N>m`, `every <N>h` (N from 1) or `daily HH:MM[,HH:MM…]` (UTC), in any letter case. Throws `invalid_schedule`
 * with the grammar as its hint.
 */
export function parseSchedule(text: string): Schedule {
  const normal = text.trim().toLowerCase();
  const every = EVERY.exec(normal);
  if (every !== null) return { kind: 'every', minutes: Number(every[1]) * (every[2] === 'h' ? 60 : 1) };
  const daily = DAILY.exec(normal);
  if (daily === null) throw invalid(text, 'is not in the schedule grammar');
  const at = (daily[1] ?? '').split(',').map((time) => minuteOfDay(time.trim(), text));
  return { kind: 'daily', at: [...new Set(at)].sort((a, b) => a - b) };
}

/** The text of a schedule, which {@link parseSchedule} reads back. */
export function formatSchedule(schedule: Schedule): string {
  if (schedule.kind === 'every') {
    return schedule.minutes % 60 === 0 ? `every ${schedule.minutes / 60}h` : `every ${schedule.minutes}m`;
  }
  return `daily ${schedule.at.map((minute) => `${two(Math.floor(minute / 60))}:${two(minute % 60)}`).join(',')}`;
}

/** Whether it should run now. What never ran is due. A time of day that was missed while nothing ran is due once. */
export function isDue(schedule: Schedule, lastSync: Date | null, now: Date): boolean {
  return nextDue(schedule, lastSync, now).getTime() <= now.getTime();
}

/** The first moment from which it is due, which lies in the past when it is overdue. What never ran is due `now`. */
export function nextDue(schedule: Schedule, lastSync: Date | null, now: Date): Date {
  if (lastSync === null) return now;
  const last = lastSync.getTime();
  if (schedule.kind === 'every') return new Date(last + schedule.minutes * MINUTE);
  const midnight = Math.floor(last / DAY) * DAY;
  const times = [...schedule.at, ...schedule.at.map((minute) => minute + 1440)];
  const next = times.map((minute) => midnight + minute * MINUTE).find((time) => time > last);
  if (next === undefined) throw new Error('A daily schedule has at least one time.');
  return new Date(next);
}

function minuteOfDay(time: string, text: string): number {
  const match = TIME.exec(time);
  if (match === null) throw invalid(text, `has no valid time of day: ${time}`);
  return Number(match[1]) * 60 + Number(match[2]);
}

function invalid(text: string, why: string): AgnesError {
  const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
  return new AgnesError('invalid_schedule', `The schedule ${shown} ${why}.`, {
    hint: 'Write "every 15m", "every 6h" or "daily 07:00,19:30" (UTC).',
  });
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
