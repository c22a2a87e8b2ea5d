import { createClient } from '@agnes/api-client';
import { isAgnesError } from '@agnes/errors';
import type { Task } from './clock.ts';

export interface TaskSettings {
  /** Where the server is. */
  readonly apiUrl: string;
  readonly token: string;
  readonly dataRefreshSeconds: number;
  readonly healthCheckSeconds: number;
}

/** What the clock asks of the server, and how often. What is really due is the server's decision. */
export function serverTasks({ apiUrl, token, dataRefreshSeconds, healthCheckSeconds }: TaskSettings): Task[] {
  const client = createClient({ server: apiUrl, token, userAgent: 'agnes-scheduler' });
  return [
    {
      name: 'data-refresh',
      everyMs: dataRefreshSeconds * 1000,
      async run(signal) {
        try {
          const { job_id } = await client.triggerSync({ signal, timeoutMs: 120_000 });
          return `job ${job_id}`;
        } catch (error) {
          if (!isAgnesError(error, 'sync_already_in_progress')) throw error;
          return 'a sync is running already';
        }
      },
    },
    {
      name: 'health-check',
      everyMs: healthCheckSeconds * 1000,
      async run(signal) {
        const { status, detail } = await client.health({ signal, timeoutMs: 30_000 });
        if (status !== 'ok') throw new Error(`The server is ${status}${detail === undefined ? '' : `: ${detail}`}.`);
        return status;
      },
    },
  ];
}
