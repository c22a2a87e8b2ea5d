import { type auditOperations, callerOf, type Handlers } from '@agnes/api-contract';
import type { State } from '@agnes/state';
import { type AuditFilter, type AuditRecord, exportAudit, readAudit } from '../audit/read-audit.ts';
import type { AuditTrail } from '../audit-trail.ts';

interface Options {
  readonly state: State;
  readonly trail: AuditTrail;
  readonly now?: () => Date;
}

interface Query extends Omit<AuditFilter, 'from' | 'to'> {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** The operations on the audit log. */
export function auditHandlers({ state, trail, now = () => new Date() }: Options): Handlers<typeof auditOperations> {
  return {
    async listAudit({ query: { limit, after, ...query } }) {
      const { entries, next } = await readAudit(state, filterOf(query), { limit, after });
      return { entries: entries.map(body), next };
    },
    async exportAudit({ query }, context) {
      const { userId, credential } = callerOf(context);
      const batches = exportAudit(state, filterOf(query), now());
      // The first one here, so that a filter that is wrong is told as an error and not as an answer that breaks off.
      const first = await batches.next();
      trail.note({
        userId,
        action: 'audit.export',
        params: query,
        ip: context.ip,
        credentialId: credential.id,
      });
      return new Response(ndjson(first, batches), {
        headers: { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' },
      });
    },
  };
}

/** A batch is read when the one before it was taken, so a slow reader costs no memory. */
function ndjson(first: IteratorResult<AuditRecord[], void>, rest: AsyncGenerator<AuditRecord[]>): ReadableStream {
  let next: IteratorResult<AuditRecord[], void> | undefined = first;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = next ?? (await rest.next());
        next = undefined;
        if (done) controller.close();
        else controller.enqueue(Buffer.from(value.map((entry) => `${JSON.stringify(body(entry))}\n`).join('')));
      },
      async cancel() {
        await rest.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

const filterOf = ({ from, to, ...rest }: Query): AuditFilter => ({ ...rest, from: at(from), to: at(to) });

const at = (text: string | undefined): Date | undefined => (text === undefined ? undefined : new Date(text));

const body = ({ timestamp, ...entry }: AuditRecord) => ({ ...entry, timestamp: timestamp.toISOString() });
