import { integer, setting } from './setting.ts';

/** Settings of the audit log. */
export const AUDIT_SETTINGS = {
  auditRetentionDays: setting({
    env: ['AGNES_AUDIT_RETENTION_DAYS'],
    file: 'audit.retention_days',
    schema: integer(1, 36_500, 365),
    fallback: '365',
    meaning: 'Days that an entry of the audit log is kept.',
  }),
} as const;
