import { expect, test } from 'vitest';
import { type AdmissionOptions, createAdmission } from './admission.ts';

const options = (more: Partial<AdmissionOptions> = {}): AdmissionOptions => {
  return { slots: 2, perUser: 2, queuePerUser: 3, queue: 5, waitMs: 60_000, ...more };
};

/** Lets people enter, and records who got a turn, in order. */
function record(admission: ReturnType<typeof createAdmission>) {
  const order: string[] = [];
  const leaves: (() => void)[] = [];
  const enter = (user: string): Promise<void> =>
    admission.enter(user).then((leave) => {
      order.push(user);
      leaves.push(leave);
    });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    order,
    enter,
    settle,
    async leaveOldest() {
      leaves.shift()?.();
      await settle();
    },
  };
}

test('people take turns, however many queries each has waiting', async () => {
  const admission = createAdmission(options({ slots: 1, queuePerUser: 10, queue: 20 }));
  const { order, enter, settle, leaveOldest } = record(admission);
  const all = ['ann', 'ann', 'ann', 'ann', 'bob', 'cleo', 'bob'].map(enter);
  await settle();
  expect(order).toStrictEqual(['ann']);
  expect(admission.status()).toStrictEqual({ running: 1, waiting: 6 });
  for (let count = 0; count < 7; count += 1) await leaveOldest();
  await Promise.all(all);
  expect(order).toStrictEqual(['ann', 'ann', 'bob', 'cleo', 'ann', 'bob', 'ann']);
  expect(admission.status()).toStrictEqual({ running: 0, waiting: 0 });
});

test('one person never has the last slot while there are several', async () => {
  const admission = createAdmission(options({ slots: 3, perUser: 50, queuePerUser: 10, queue: 20 }));
  const { order, enter, settle } = record(admission);
  for (let count = 0; count < 5; count += 1) void enter('ann');
  await settle();
  expect(order).toStrictEqual(['ann', 'ann']);
  await enter('bob');
  expect(order).toStrictEqual(['ann', 'ann', 'bob']);
});

test('who has too many waiting is refused with what the wire says of it; others are not', async () => {
  const admission = createAdmission(options({ slots: 1 }));
  const { enter, settle } = record(admission);
  for (let count = 0; count < 4; count += 1) void enter('ann');
  await settle();
  await expect(admission.enter('ann')).rejects.toMatchObject({
    code: 'concurrent_slot_exceeded',
    status: 429,
    details: {
      reason: 'concurrent_slot_exceeded',
      kind: 'concurrent_queries',
      current: 4,
      limit: 4,
      retry_after_seconds: 5,
    },
  });
  void enter('bob');
  void enter('bob');
  await settle();
  await expect(admission.enter('cleo')).rejects.toMatchObject({ code: 'too_many_requests', status: 429 });
});

test('who goes away while waiting, or waits too long, leaves the queue', async () => {
  const admission = createAdmission(options({ slots: 1, waitMs: 30 }));
  const { enter, order, leaveOldest } = record(admission);
  await enter('ann');
  const gone = new AbortController();
  const left = admission.enter('bob', gone.signal);
  gone.abort();
  await expect(left).rejects.toMatchObject({ code: 'query_failed' });
  await expect(admission.enter('cleo')).rejects.toMatchObject({ code: 'unavailable' });
  await expect(admission.enter('dan', AbortSignal.abort())).rejects.toMatchObject({ code: 'query_failed' });
  expect(admission.status()).toStrictEqual({ running: 1, waiting: 0 });
  await leaveOldest();
  await enter('bob');
  expect(order).toStrictEqual(['ann', 'bob']);
});

test('leaving twice counts once', async () => {
  const admission = createAdmission(options());
  const leave = await admission.enter('ann');
  leave();
  leave();
  expect(admission.status()).toStrictEqual({ running: 0, waiting: 0 });
});
