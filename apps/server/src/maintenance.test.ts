import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { startMaintenance } from './maintenance.ts';

describe('maintenance', () => {
  test('does each chore at once and again, one at a time, and one that fails stops nothing', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
    const enough = Promise.withResolvers<void>();
    let active = 0;
    let most = 0;
    let runs = 0;
    const during = async <T>(result: T): Promise<T> => {
      active += 1;
      most = Math.max(most, active);
      await new Promise((resolve) => setTimeout(resolve, 2));
      active -= 1;
      return result;
    };
    const maintenance = startMaintenance(
      [
        {
          name: 'sweep',
          everyMs: 5,
          run: async () => {
            runs += 1;
            if (runs === 3) enough.resolve();
            return during({ removed: 1 });
          },
        },
        { name: 'broken', everyMs: 5, run: () => during(undefined).then(() => Promise.reject(new Error('disk'))) },
      ],
      log,
    );
    await enough.promise;
    await maintenance.stop();
    expect(active).toBe(0);
    expect(most).toBe(1);
    expect(lines.some((line) => line.includes('"removed":1'))).toBe(true);
    expect(lines.some((line) => line.includes('chore failed') && line.includes('disk'))).toBe(true);
  });
});
