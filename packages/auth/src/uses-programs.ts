import { type StateDatabase, schema } from '@agnes/state';
import { and, eq, like, or } from 'drizzle-orm';

/** Whether a person ever let a device in, signed in with `agnes`, or made a token, as far back as the state remembers. */
export async function usesPrograms(db: StateDatabase, userId: string): Promise<boolean> {
  const { accessTokens } = schema;
  const [found] = await db
    .select({ id: accessTokens.id })
    .from(accessTokens)
    .where(
      and(
        eq(accessTokens.user_id, userId),
        or(
          eq(accessTokens.kind, 'personal'),
          eq(accessTokens.auth_method, 'device'),
          like(accessTokens.user_agent, 'agnes/%'),
        ),
      ),
    )
    .limit(1);
  return found !== undefined;
}
