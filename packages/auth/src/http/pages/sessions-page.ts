import { type Caller, callerOf, type Handlers, type pageOperations } from '@agnes/api-contract';
import { isAgnesError } from '@agnes/errors';
import { html } from 'hono/html';
import type { Auth } from '../../auth.ts';
import type { TokenRecord } from '../../credentials.ts';
import { done, someoneElse } from './browser-session.ts';
import { type Html, page } from './document.ts';
import { hidden, moment, notice } from './form-parts.ts';
import { doneNotice } from './notices.ts';
import { describeMethod } from './sign-in-method.ts';
import { describeUserAgent } from './user-agent.ts';

const PATH = '/account/sessions';

type SessionHandlers = Pick<
  Handlers<typeof pageOperations>,
  'showSessions' | 'sendEndSession' | 'sendEndOtherSessions'
>;

/** Where a person is signed in. */
export function sessionPages(auth: Auth): SessionHandlers {
  return {
    showSessions: async ({ query }, context) => {
      const person = callerOf(context);
      const text = doneNotice(query.done);
      const said = text === undefined ? undefined : notice(query.done === 'someone_else' ? 'bad' : 'good', text);
      const sessions = await auth.sessions.list(person.userId);
      return page({
        title: 'Sessions',
        path: PATH,
        person,
        body: sessionsBody(person, sessions, auth.oidcProviders(), said),
      });
    },
    sendEndSession: async ({ params, body }, context) => {
      const person = callerOf(context);
      const { userId } = person;
      const elsewhere = someoneElse(person, body.as, PATH);
      if (elsewhere !== undefined) return elsewhere;
      try {
        await auth.sessions.end(params.id, { owner: userId, by: userId });
      } catch (error) {
        // Another tab was quicker, or it ran out: it has ended, as was wished.
        if (!isAgnesError(error, 'session_not_found')) throw error;
      }
      return done(PATH, 'session_ended');
    },
    sendEndOtherSessions: async ({ body }, context) => {
      const person = callerOf(context);
      const elsewhere = someoneElse(person, body.as, PATH);
      if (elsewhere !== undefined) return elsewhere;
      await auth.sessions.endAll(person.userId, { by: person.userId, except: person.credential.id });
      return done(PATH, 'sessions_ended');
    },
  };
}

type Providers = ReturnType<Auth['oidcProviders']>;

function sessionsBody(
  person: Caller,
  sessions: readonly TokenRecord[],
  providers: Providers,
  said: Html | undefined,
): Html {
  const here = sessions.filter(({ id }) => id === person.credential.id);
  const others = sessions.filter(({ id }) => id !== person.credential.id);
  return html`<h1>Sessions</h1>
${said}
<p>Where you are signed in. If you do not know one of them, end it and <a href="/login/forgot">set a new password</a>.</p>
<section class="panel"><h2>Here</h2>
${
  here.length === 0
    ? html`<p class="quiet">There is no session here to end.</p>`
    : html`<ul class="list">${here.map((session) => sessionItem(session, person, providers))}</ul>`
}
</section>
<section class="panel"><h2>Elsewhere</h2>
${
  others.length === 0
    ? html`<p class="quiet">You are signed in nowhere else.</p>`
    : html`<ul class="list">${others.map((session) => sessionItem(session, person, providers))}</ul>`
}
</section>
${
  others.length > 0 &&
  html`<form method="post" action="${PATH}/end-others">${hidden('as', person.userId)}
<button class="danger">Sign out everywhere else</button></form>`
}`;
}

function sessionItem(session: TokenRecord, person: Caller, providers: Providers): Html {
  const current = session.id === person.credential.id;
  const program = describeUserAgent(session.user_agent);
  const lastUse = session.last_used_at;
  return html`<li>
<h3><bdi title="${session.user_agent ?? ''}">${program}</bdi>${current && html` <span class="tag good">this one</span>`}</h3>
<dl>
<dt>Signed in</dt><dd>${moment(session.created_at)}, ${describeMethod(session.auth_method, providers)}</dd>
<dt>From</dt><dd class="code">${session.created_ip ?? 'unknown'}</dd>
${
  lastUse !== null &&
  html`<dt>Last used</dt><dd>${moment(lastUse)}${
    session.last_used_ip !== null && html`, from <span class="code">${session.last_used_ip}</span>`
  }</dd>`
}
${session.expires_at !== null && html`<dt>Ends</dt><dd>${moment(session.expires_at)}</dd>`}
</dl>
${
  !current &&
  html`<form method="post" action="${PATH}/${session.id}/end">${hidden('as', person.userId)}
<button class="danger" aria-label="End the session of ${program} since ${session.created_at.toISOString().slice(0, 16)}">End</button></form>`
}
</li>`;
}
