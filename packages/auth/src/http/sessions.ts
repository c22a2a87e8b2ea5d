import { callerOf, type Handlers, type sessionOperations } from '@agnes/api-contract';
import type { Auth } from '../auth.ts';
import type { TokenRecord } from '../credentials.ts';
import { iso } from './iso.ts';

export interface SessionHandlersOptions {
  readonly auth: Auth;
}

/** The operations on sessions: one's own, and an administrator's on those of others. */
export function sessionHandlers({ auth }: SessionHandlersOptions): Handlers<typeof sessionOperations> {
  const { sessions } = auth;
  return {
    listSessions: async (_, context) => {
      const { userId, credential } = callerOf(context);
      const open = await sessions.list(userId);
      return open.map((session) => ({ ...sessionBody(session), current: session.id === credential.id }));
    },
    endOtherSessions: async (_, context) => {
      const { userId, credential } = callerOf(context);
      return { ended: await sessions.endAll(userId, { by: userId, except: credential.id }) };
    },
    endSession: async ({ params }, context) => {
      const { userId } = callerOf(context);
      await sessions.end(params.id, { owner: userId, by: userId });
      return undefined;
    },
    listUserSessions: async ({ params }) => {
      const { id } = await auth.getUser(params.id);
      return (await sessions.list(id)).map(sessionBody);
    },
    endUserSessions: async ({ params }, context) => {
      const { id } = await auth.getUser(params.id);
      return { ended: await sessions.endAll(id, { by: callerOf(context).userId }) };
    },
    endUserSession: async ({ params }, context) => {
      const { id } = await auth.getUser(params.id);
      await sessions.end(params.session_id, { owner: id, by: callerOf(context).userId });
      return undefined;
    },
  };
}

const sessionBody = (session: TokenRecord) => ({
  id: session.id,
  method: session.auth_method,
  created_at: session.created_at.toISOString(),
  expires_at: iso(session.expires_at),
  last_used_at: iso(session.last_used_at),
  created_ip: session.created_ip,
  last_used_ip: session.last_used_ip,
  user_agent: session.user_agent,
});
