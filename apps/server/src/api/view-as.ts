import type { Caller, Operation } from '@agnes/api-contract';
import { AgnesError } from '@agnes/errors';
import type { View, ViewedPerson } from '@agnes/rbac';

/** Finds who somebody (id or e-mail address) is now, and audits the look. Throws `user_not_found`. */
export type FindViewed = (person: string, view: View) => Promise<ViewedPerson>;

const HEADER = 'x-agnes-view-as';

/**
 * The person as whom an administrator wants the answer (`X-Agnes-View-As`), else the caller. From here on the request has
 * that person's rights and none of the administrator's. Throws `view_as_refused` where nobody may ask so: a header that was
 * ignored would show one person's view under another's name.
 */
export async function viewedCaller(
  operation: Operation,
  caller: Caller,
  { headers, ip }: { readonly headers: Headers; readonly ip: string | null },
  findViewed: FindViewed,
): Promise<Caller> {
  const person = headers.get(HEADER)?.trim();
  if (person === undefined) return caller;
  if (operation.viewAs !== true) {
    throw refusal('This operation cannot be looked at as somebody else.', 'Leave out the header X-Agnes-View-As.');
  }
  const { id: credentialId, kind, scope } = caller.credential;
  if (!caller.isAdmin || (kind !== 'session' && !(kind === 'personal' && scope === 'general'))) {
    throw refusal(
      'Only an administrator may look as somebody else, by a session or a token of the scope general.',
      'Leave out the header X-Agnes-View-As.',
    );
  }
  const viewed = await findViewed(person, { by: caller.userId, operation: operation.id, credentialId, ip });
  return {
    ...viewed,
    credential: caller.credential,
    viewedBy: { userId: caller.userId, email: caller.email },
  };
}

const refusal = (message: string, hint: string): AgnesError => new AgnesError('view_as_refused', message, { hint });
