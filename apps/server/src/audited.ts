import { callerOf, type Handlers, type Operations, Reply, type RequestContext } from '@agnes/api-contract';
import type { Catalog } from '@agnes/catalog';
import type { AuditTrail, Downloads } from '@agnes/rbac';

interface Options {
  readonly audit: AuditTrail;
  readonly downloads: Downloads;
  readonly catalog: Pick<Catalog, 'readableBlob'>;
}

type Audited = Pick<Handlers<Operations>, 'syncManifest' | 'getBlob' | 'triggerSync' | 'cancelJob'>;

/**
 * The same handlers, which note what leaves the server and what is set going before their answer is sent: what cannot be
 * recorded is refused.
 */
export function audited(handlers: Audited, { audit, downloads, catalog }: Options): Audited {
  return {
    async syncManifest(input, context) {
      const answer = await handlers.syncManifest(input, context);
      // Who has it already is told so and gets nothing.
      if (context.method !== 'HEAD' && answer instanceof Response && answer.status === 200) {
        audit.note({ ...whoOf(context), action: 'data.pull', params: { bytes: lengthOf(answer) } });
      }
      return answer;
    },
    async getBlob(input, context) {
      const answer = await handlers.getBlob(input, context);
      const sent = answer instanceof Response && (answer.status === 200 || answer.status === 206);
      if (context.method === 'HEAD' || !sent) return answer;
      const caller = callerOf(context);
      const blob = await catalog.readableBlob(caller, input.params.sha256);
      try {
        downloads.count({ ...whoOf(context), tableId: blob?.table_id ?? 'unknown', bytes: lengthOf(answer) });
      } catch (error) {
        await answer.body?.cancel();
        throw error;
      }
      return answer;
    },
    async triggerSync(input, context) {
      const answer = await handlers.triggerSync(input, context);
      // The clock asks every few minutes; the history of jobs has it.
      if (callerOf(context).credential.kind === 'scheduler' || answer instanceof Response) return answer;
      const { job_id, tables } = answer instanceof Reply ? answer.body : answer;
      audit.note({ ...whoOf(context), action: 'job.trigger', resource: `job:${job_id}`, params: { tables } });
      return answer;
    },
    async cancelJob(input, context) {
      const answer = await handlers.cancelJob(input, context);
      audit.note({ ...whoOf(context), action: 'job.cancel', resource: `job:${input.params.id}` });
      return answer;
    },
  };
}

function whoOf(context: RequestContext) {
  const { userId, credential } = callerOf(context);
  return { userId, credentialId: credential.id, ip: context.ip };
}

const lengthOf = (answer: Response): number => Number(answer.headers.get('content-length') ?? 0);
