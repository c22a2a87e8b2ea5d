import { describe, expect, test } from 'vitest';
import { formatSchedule, isDue, nextDue, parseSchedule } from './index.ts';

const at = (text: string) => new Date(`2024-03-01T${text}Z`);

describe('the grammar', () => {
  test.each([
    ['every 15m', { kind: 'every', minutes: 15 }, 'every 15m'],
    ['every 1m', { kind: 'every', minutes: 1 }, 'every 1m'],
    [' Every  2H ', { kind: 'every', minutes: 120 }, 'every 2h'],
    ['every 90m', { kind: 'every', minutes: 90 }, 'every 90m'],
    ['daily 07:00', { kind: 'daily', at: [420] }, 'daily 07:00'],
    ['daily 19:30, 07:00,07:00', { kind: 'daily', at: [420, 1170] }, 'daily 07:00,19:30'],
    ['daily 00:00,23:59', { kind: 'daily', at: [0, 1439] }, 'daily 00:00,23:59'],
  ])('%j', (text, schedule, normal) => {
    expect(parseSchedule(text)).toStrictEqual(schedule);
    expect(formatSchedule(parseSchedule(text))).toBe(normal);
  });

  test.each([
    ...['', 'every', 'every 0m', 'every -5m', 'every 1.5h', 'every 5', 'every 5s', 'every 5d', 'every 05m', '15m'],
    ...['every 9999999m', 'daily', 'daily 7:00', 'daily 24:00', 'daily 07:60', 'daily 07:00,', 'daily ,07:00'],
    ...['daily 07:00 19:00', 'daily 07:00:00', 'every 5m\nevery 6m', 'weekly', '*/5 * * * *'],
  ])('%j is refused with the grammar as hint', (text) => {
    expect(() => parseSchedule(text)).toThrow(
      expect.objectContaining({ code: 'invalid_schedule', hint: expect.stringContaining('every 15m') }),
    );
  });
});

describe('what is due', () => {
  test.each(['every 1h', 'daily 07:00'])('%s: what never ran', (text) => {
    expect(isDue(parseSchedule(text), null, at('00:00:00'))).toBe(true);
    expect(nextDue(parseSchedule(text), null, at('00:00:00'))).toStrictEqual(at('00:00:00'));
  });

  test.each([
    ['every 15m', '10:00:00', '10:14:59', false],
    ['every 15m', '10:00:00', '10:15:00', true],
    ['every 24h', '10:00:00', '23:59:59', false],
    ['daily 07:00', '06:59:59', '07:00:00', true],
    ['daily 07:00', '06:00:00', '06:59:59', false],
    ['daily 07:00', '07:00:00', '23:59:59', false],
    ['daily 07:00,19:00', '07:00:01', '18:59:59', false],
    ['daily 07:00,19:00', '07:00:01', '19:00:00', true],
    ['every 15m', '10:00:00', '09:00:00', false],
  ])('%s, last at %s, now %s: %s', (text, last, now, due) => {
    expect(isDue(parseSchedule(text), at(last), at(now))).toBe(due);
  });

  test('a daily time that was missed days ago is due once', () => {
    const schedule = parseSchedule('daily 07:00');
    const last = new Date('2024-02-25T07:00:05Z');
    expect(isDue(schedule, last, at('03:00:00'))).toBe(true);
    expect(nextDue(schedule, last, at('03:00:00'))).toStrictEqual(new Date('2024-02-26T07:00:00Z'));
    expect(isDue(schedule, at('03:00:00'), at('03:05:00'))).toBe(false);
  });

  test('the next time after the last one of a day is on the next day', () => {
    expect(nextDue(parseSchedule('daily 07:00,19:00'), at('19:00:00'), at('20:00:00'))).toStrictEqual(
      new Date('2024-03-02T07:00:00Z'),
    );
  });

  test('a time on the clock that goes by makes exactly one run', () => {
    const schedule = parseSchedule('daily 00:00,12:00');
    let last: Date | null = null;
    let runs = 0;
    for (let minute = 0; minute < 3 * 1440; minute += 7) {
      const now = new Date(Date.UTC(2024, 1, 28) + minute * 60_000);
      if (!isDue(schedule, last, now)) continue;
      runs += 1;
      last = now;
    }
    expect(runs).toBe(6);
  });
});
