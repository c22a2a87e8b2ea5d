import { AgnesError } from '@agnes/errors';
import { type StateDatabase, schema } from '@agnes/state';
import { eq, or } from 'drizzle-orm';

/** The one spelling of an e-mail address: one person is one account. */
export function normaliseEmail(email: string): string {
  return email.trim().normalize('NFC').toLowerCase();
}

/** What access needs to know of a person. */
export interface Person {
  readonly id: string;
  readonly email: string;
  readonly name: string | null;
  readonly active: boolean;
}

/** The person with this id or e-mail address. Throws `user_not_found`. */
export async function getPerson(db: StateDatabase, idOrEmail: string): Promise<Person> {
  const { id, email, name, active } = schema.users;
  const [person] = await db
    .select({ id, email, name, active })
    .from(schema.users)
    .where(or(eq(id, idOrEmail), eq(email, normaliseEmail(idOrEmail))))
    .limit(1);
  if (person === undefined) {
    throw new AgnesError('user_not_found', `There is no user '${idOrEmail}'.`, { hint: 'agnes admin list-users' });
  }
  return person;
}
