import { AgnesError } from '@agnes/errors';
import type { State } from '@agnes/state';
import { recordAudit } from './audit.ts';
import { groupsOf, isAdmin } from './groups-of.ts';
import { getPerson } from './people.ts';
import type { Principal } from './principal.ts';

/** A person as an administrator looks as them. */
export interface ViewedPerson extends Principal {
  readonly email: string;
  readonly name: string | null;
  readonly groups: readonly { readonly id: string; readonly name: string }[];
}

/** Who looks, and at what. */
export interface View {
  readonly by: string;
  /** Id of the operation. */
  readonly operation: string;
  /** Id of the session or token of whoever looks. */
  readonly credentialId: string;
  readonly ip: string | null;
}

/**
 * Who somebody (id or e-mail address) is at this moment, for an administrator who asks as them. It is audited first: a look
 * that cannot be told of does not happen. Throws `user_not_found`, and `view_as_refused` for a deactivated account.
 */
export async function viewAs(state: State, user: string, view: View): Promise<ViewedPerson> {
  const person = await getPerson(state.db, user);
  if (!person.active) {
    throw new AgnesError('view_as_refused', `The account of ${person.email} is deactivated: it sees nothing.`, {
      hint: 'Activate it, or look as somebody else.',
    });
  }
  await state.write((tx) =>
    recordAudit(tx, {
      userId: view.by,
      action: 'access.view_as',
      resource: `user:${person.id}`,
      params: { operation: view.operation },
      credentialId: view.credentialId,
      ip: view.ip,
    }),
  );
  const groups = await groupsOf(state, person.id);
  return {
    userId: person.id,
    email: person.email,
    name: person.name,
    groups: groups.map(({ id, name }) => ({ id, name })),
    groupIds: groups.map(({ id }) => id),
    isAdmin: isAdmin(groups),
  };
}
