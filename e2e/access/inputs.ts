// Valid input for every operation: without a maker here an operation fails the matrix, so that a new one is never forgotten.
import type { Call } from './declared.ts';
import { accessInputs } from './inputs/access.ts';
import { authInputs } from './inputs/auth.ts';
import { dataInputs } from './inputs/data.ts';
import { pageInputs } from './inputs/pages.ts';
import { plainInputs } from './inputs/plain.ts';
import { policyInputs } from './inputs/policies.ts';
import { queryInputs } from './inputs/query.ts';
import { sessionInputs } from './inputs/sessions.ts';
import { signInInputs } from './inputs/sign-in.ts';
import { userInputs } from './inputs/users.ts';
import type { Person, World } from './world.ts';

export interface Maker {
  /** Input that a caller with every right would succeed with, about things made for this call where it changes them. */
  readonly valid: (world: World, asker: Person) => Call | Promise<Call>;
  /** What an admitted caller gets when that is no success, for a reason that is not access. */
  readonly outcome?: { readonly status: number; readonly code?: string };
  /** What a caller gets who is signed in, where that makes a difference. */
  readonly signedIn?: { readonly status: number };
  /** What an admitted caller gets who is not granted the table, where the operation's body names it and not its path. */
  readonly ungranted?: { readonly status: number; readonly code: string };
  /** The same call as `foreign`, about what does not exist; by default the path's parameters are replaced. */
  readonly absent?: Call;
  /** About something that exists and is not the asker's, who is no administrator: to be answered like what does not exist. */
  readonly foreign?: (world: World, owner: Person) => Call | Promise<Call>;
  /** The operation ends the credential that it is called with. */
  readonly endsCredential?: true;
}

export type Makers = Readonly<Record<string, Maker>>;

/** By operation id. */
export const inputs: Makers = {
  ...plainInputs,
  ...authInputs,
  ...sessionInputs,
  ...pageInputs,
  ...signInInputs,
  ...userInputs,
  ...accessInputs,
  ...policyInputs,
  ...dataInputs,
  ...queryInputs,
};
