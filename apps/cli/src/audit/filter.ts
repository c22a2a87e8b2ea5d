import { AgnesError } from '@agnes/errors';
import { string } from '@oclif/core/flags';

/** What narrows the audit log, as flags; `agnes admin audit` and its export share them. */
export const auditFlags = {
  since: string({
    description: 'From then on: 2026-01-31, 2026-01-31T12:00:00Z, or 90m, 2h, 7d ago.',
    helpValue: 'TIME',
  }),
  until: string({ description: 'Before then, in the same forms.', helpValue: 'TIME' }),
  user: string({ description: 'Only of one person; id or e-mail address.' }),
  action: string({ description: 'Only this action, or those that begin so: auth., grant.create.' }),
  resource: string({ description: 'Only this resource, or those that begin so: table:.', helpValue: 'KIND:ID' }),
  result: string({ description: 'ok, the code of an error, or !ok for all that was refused or failed.' }),
};

interface Given {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly user?: string | undefined;
  readonly action?: string | undefined;
  readonly resource?: string | undefined;
  readonly result?: string | undefined;
}

/** The same as a query. Throws `usage` for a time that is none. */
export function auditFilter({ since, until, user, action, resource, result }: Given, now: Date) {
  return {
    ...(since === undefined ? {} : { from: momentOf('--since', since, now) }),
    ...(until === undefined ? {} : { to: momentOf('--until', until, now) }),
    ...(user === undefined ? {} : { user }),
    ...(action === undefined ? {} : { action }),
    ...(resource === undefined ? {} : { resource }),
    ...(result === undefined ? {} : { result }),
  };
}

export type AuditQuery = ReturnType<typeof auditFilter>;

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };

function momentOf(flag: string, text: string, now: Date): string {
  const [, count = '', unit = ''] = /^(\d{1,6})([smhdw])$/.exec(text.trim()) ?? [];
  const ago = Number(count) * (UNITS[unit] ?? Number.NaN);
  const at = new Date(unit === '' ? text : now.getTime() - ago);
  if (!Number.isNaN(at.getTime())) return at.toISOString();
  throw new AgnesError('usage', `${flag} ${text} is no time.`, {
    hint: `${flag} 2026-01-31, ${flag} 2026-01-31T12:00:00Z, or ${flag} 2h for two hours ago.`,
  });
}
