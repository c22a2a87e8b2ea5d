import { type Handlers, type pageOperations, peerOf, type RequestContext } from '@agnes/api-contract';
import { isAgnesError } from '@agnes/errors';
import { html } from 'hono/html';
import type { Auth } from '../../auth.ts';
import type { FoundLink } from '../../find-link.ts';
import { PASSWORD_RULES } from '../../password-rules.ts';
import { enter } from './browser-session.ts';
import { type Html, page } from './document.ts';
import { field, hidden } from './form-parts.ts';
import { deadLink } from './link-page.ts';
import type { Done } from './notices.ts';
import { personName } from './person-name.ts';

type SetPasswordHandlers = Pick<Handlers<typeof pageOperations>, 'showSetPassword' | 'sendSetPassword'>;

interface Wrong {
  readonly name?: string;
  readonly password?: string;
  readonly repeated?: string;
}

interface Form {
  readonly token: string;
  readonly name: string;
  readonly wrong: Wrong;
}

/** The page of a link to set a password, and of an invitation. */
export function setPasswordPages(auth: Auth): SetPasswordHandlers {
  /** Whether the person is signed in anywhere but in this browser. */
  const isElsewhere = async ({ userId }: FoundLink, { caller }: RequestContext): Promise<boolean> =>
    (await auth.sessions.list(userId)).some(({ id }) => id !== caller?.credential.id);
  const show = async (link: FoundLink, context: RequestContext, form: Form, status = 200): Promise<Response> =>
    page({ title: titleOf(link), status, body: passwordBody(link, form, await isElsewhere(link, context)) });

  return {
    showSetPassword: async ({ query: { token } }, context) => {
      const link = await auth.findLink(token, ['password_reset', 'invite']);
      return link === undefined ? deadLink('/login/forgot') : show(link, context, { token, name: '', wrong: {} });
    },
    sendSetPassword: async ({ body: { token, password, repeated, name: given } }, context) => {
      const link = await auth.findLink(token, ['password_reset', 'invite']);
      if (link === undefined) return deadLink('/login/forgot');
      const again = (wrong: Wrong): Promise<Response> => show(link, context, { token, name: given, wrong }, 400);
      const name = personName(given);
      if (name === undefined) return again({ name: 'Use one line of at most 200 characters.' });
      if (password === '') return again({ password: 'Choose a password.' });
      if (password !== repeated)
        return again({ repeated: 'This is not the same as the password above. Type both again.' });
      try {
        const elsewhere = await isElsewhere(link, context);
        const signedIn = await auth.setPasswordByToken(
          { token, password, ...(name === '' ? {} : { name }) },
          peerOf(context),
        );
        return await enter(auth, signedIn, context, `/account?done=${doneOf(elsewhere)}`);
      } catch (error) {
        if (isAgnesError(error, 'weak_password'))
          return again({ password: `${error.message} ${error.hint ?? ''}`.trim() });
        if (isAgnesError(error, 'invalid_credentials')) return deadLink('/login/forgot');
        throw error;
      }
    },
  };
}

const doneOf = (elsewhere: boolean): Done => (elsewhere ? 'password_set_signed_out' : 'password_set');

function titleOf({ purpose, hasPassword }: FoundLink): string {
  if (purpose === 'invite') return 'Welcome';
  return hasPassword ? 'Set a new password' : 'Set a password';
}

function whatItDoes({ purpose, hasPassword }: FoundLink, elsewhere: boolean): string {
  const choose =
    purpose === 'invite'
      ? 'Choose a password to begin.'
      : hasPassword
        ? 'Choose a new password.'
        : 'Choose a password.';
  return elsewhere ? `${choose} Everywhere else you will be signed out.` : choose;
}

function passwordBody(link: FoundLink, { token, name, wrong }: Form, elsewhere: boolean): Html {
  const rules = html`<ul>${PASSWORD_RULES.map((rule) => html`<li>${rule}</li>`)}</ul>`;
  const asksName = link.purpose === 'invite' && link.name === null;
  const nothingWrong = Object.keys(wrong).length === 0;
  return html`<h1>${titleOf(link)}</h1>
<form class="panel" method="post" action="/login/password">
${hidden('token', token)}
<p>${whatItDoes(link, elsewhere)}</p>
<div class="field">
<label for="email">Account</label>
<input id="email" type="email" value="${link.email}" autocomplete="username" readonly>
</div>
${
  asksName &&
  field({
    name: 'name',
    label: 'Your name (if you like)',
    value: name,
    autocomplete: 'name',
    required: false,
    wrong: wrong.name,
    maxLength: 200,
  })
}
${field({
  name: 'password',
  label: 'New password',
  type: 'password',
  autocomplete: 'new-password',
  hint: rules,
  wrong: wrong.password,
  first: nothingWrong,
})}
${field({
  name: 'repeated',
  label: 'The same once more',
  type: 'password',
  autocomplete: 'new-password',
  wrong: wrong.repeated,
})}
<button class="full">Set the password and sign in</button>
</form>`;
}
