import { callerOf, type Handlers, type pageOperations } from '@agnes/api-contract';
import { html } from 'hono/html';
import type { Auth } from '../../auth.ts';
import { leave } from './browser-session.ts';
import { goTo, page } from './document.ts';
import { moment, notice } from './form-parts.ts';
import { laptopSteps } from './laptop-steps.ts';
import { doneNotice } from './notices.ts';
import { describeMethod } from './sign-in-method.ts';

type AccountHandlers = Pick<Handlers<typeof pageOperations>, 'showAccount' | 'sendLogout'>;

/** Who the person is, and the way out. */
export function accountPages(auth: Auth, serverUrl: string): AccountHandlers {
  return {
    showAccount: async ({ query }, context) => {
      const person = callerOf(context);
      const { email, name, groups, isAdmin, credential } = person;
      const said = doneNotice(query.done);
      // Local development mode needs no sign-in on a laptop.
      const isNew = !(await auth.usesPrograms(person.userId)) && credential.method !== 'local_dev';
      return page({
        title: 'Account',
        path: '/account',
        person,
        body: html`<h1>Account</h1>
${said !== undefined && notice(query.done === 'someone_else' ? 'bad' : 'good', said)}
${isNew && laptopSteps(serverUrl)}
<section class="panel"><h2>You</h2><dl>
<dt>E-mail address</dt><dd><bdi>${email}</bdi></dd>
${name !== null && html`<dt>Name</dt><dd><bdi>${name}</bdi></dd>`}
<dt>Signed in</dt><dd>${describeMethod(credential.method ?? null, auth.oidcProviders())}</dd>
${credential.expires_at !== null && html`<dt>Until</dt><dd>${moment(credential.expires_at)}</dd>`}
</dl></section>
<section class="panel"><h2>Your groups</h2>
${
  groups.length === 0
    ? html`<p>You are in no group yet. An administrator can add you; what you may read comes with your groups.</p>`
    : html`<ul>${groups.map((group) => html`<li><bdi>${group.name}</bdi></li>`)}</ul>`
}
${isAdmin && html`<p class="quiet">You are an administrator of this server.</p>`}
</section>
<p><a href="/login/device">Let a device in with a code</a></p>`,
      });
    },
    sendLogout: async (_, context) => {
      await leave(auth, context);
      return goTo('/login?done=signed_out', auth.cookie.clear());
    },
  };
}
