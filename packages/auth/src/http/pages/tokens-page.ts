import { type Caller, callerOf, type Handlers, operations, type pageOperations } from '@agnes/api-contract';
import { isAgnesError } from '@agnes/errors';
import { html } from 'hono/html';
import * as v from 'valibot';
import type { Auth } from '../../auth.ts';
import type { IssuedToken, TokenRecord } from '../../credentials.ts';
import { done, someoneElse } from './browser-session.ts';
import { type Html, page } from './document.ts';
import { field, hidden, moment, notice } from './form-parts.ts';
import { doneNotice } from './notices.ts';
import { describeScope, EXPIRIES, SCOPES } from './token-choices.ts';

const PATH = '/account/tokens';

interface View {
  readonly said?: { readonly text: string; readonly bad: boolean } | undefined;
  readonly made?: IssuedToken;
  readonly name?: string;
  readonly scope?: string;
  readonly expires?: string;
  readonly wrong?: { readonly name?: string; readonly form?: string };
  readonly status?: number;
}

type TokenHandlers = Pick<Handlers<typeof pageOperations>, 'showTokens' | 'sendToken' | 'sendRevokeToken'>;

/** A person's access tokens. */
export function tokenPages(auth: Auth): TokenHandlers {
  const show = async (person: Caller, view: View): Promise<Response> =>
    page({
      title: 'Access tokens',
      path: PATH,
      person,
      status: view.status ?? 200,
      body: tokensBody(person, await auth.listTokens(person.userId), view),
    });

  return {
    showTokens: async ({ query }, context) => {
      const text = doneNotice(query.done);
      return show(callerOf(context), {
        said: text === undefined ? undefined : { text, bad: query.done === 'someone_else' },
      });
    },
    sendToken: async ({ body: { name, scope, expires, as } }, context) => {
      const person = callerOf(context);
      const elsewhere = someoneElse(person, as, PATH);
      if (elsewhere !== undefined) return elsewhere;
      const chosen = { name, scope, expires, status: 400 };
      const days = EXPIRIES.find(({ value }) => value === expires)?.days;
      if (days === undefined || !SCOPES.some(({ value }) => value === scope)) {
        return show(person, { ...chosen, wrong: { form: 'Choose what the token may do, and how long it lasts.' } });
      }
      const input = v.safeParse(operations.createToken.body, { name, scope, expires_in_days: days });
      if (!input.success) {
        const wrong = 'Give the token a name of one line, at most 200 characters, by which you know it again.';
        return show(person, { ...chosen, wrong: { name: wrong } });
      }
      try {
        return show(person, { made: await auth.createToken(person, input.output) });
      } catch (error) {
        if (!isAgnesError(error, 'too_many_tokens')) throw error;
        return show(person, { ...chosen, wrong: { form: `${error.message} Revoke those that you do not use.` } });
      }
    },
    sendRevokeToken: async ({ params, body }, context) => {
      const person = callerOf(context);
      const elsewhere = someoneElse(person, body.as, PATH);
      if (elsewhere !== undefined) return elsewhere;
      await auth.revokeToken(params.id, { by: person.userId, owner: person.userId });
      return done(PATH, 'token_revoked');
    },
  };
}

function tokensBody(person: Caller, tokens: readonly TokenRecord[], { said, made, wrong = {}, ...chosen }: View): Html {
  const at = new Date();
  const good = tokens.filter(
    (token) => token.revoked_at === null && (token.expires_at === null || token.expires_at > at),
  );
  return html`<h1>Access tokens</h1>
${said !== undefined && notice(said.bad ? 'bad' : 'good', said.text)}
${wrong.form !== undefined && notice('bad', wrong.form)}
${made !== undefined && madeBody(made)}
<p>A token lets a program read as you, without your password. Whoever has it can do what it may do: keep it like a password.</p>
<section class="panel"><h2>Your tokens</h2>
${
  good.length === 0
    ? html`<p class="quiet">You have no token that works.</p>`
    : html`<ul class="list">${good.map((token) => tokenItem(token, person))}</ul>`
}
</section>
<section class="panel"><h2>Make a token</h2>${tokenForm(person, chosen, wrong.name, made === undefined)}</section>`;
}

const madeBody = (token: IssuedToken): Html => html`<section class="panel">
${notice('good', html`The token <bdi>${token.name}</bdi> is made.`, 'Copy it now: it is shown this once, and nowhere again.')}
<label for="token">Your new token</label>
<textarea class="code" id="token" rows="3" readonly autocomplete="off" spellcheck="false" autofocus>${token.token}</textarea>
</section>`;

const tokenItem = (token: TokenRecord, person: Caller): Html => html`<li>
<h3><bdi>${token.name}</bdi></h3>
<dl>
<dt>Begins with</dt><dd class="code">${token.prefix}</dd>
<dt>May</dt><dd>${describeScope(token.scope)}</dd>
<dt>Made</dt><dd>${moment(token.created_at)}</dd>
<dt>Expires</dt><dd>${token.expires_at === null ? 'never' : moment(token.expires_at)}</dd>
<dt>Last used</dt><dd>${
  token.last_used_at === null
    ? 'never'
    : html`${moment(token.last_used_at)}${token.last_used_ip !== null && html`, from <span class="code">${token.last_used_ip}</span>`}`
}</dd>
</dl>
<details><summary aria-label="Revoke ${token.name}">Revoke</summary>
<form method="post" action="${PATH}/${token.id}/revoke">
${hidden('as', person.userId)}
<p>Programs that use it are refused at once. This cannot be undone.</p>
<button class="danger" aria-label="Revoke ${token.name} for good">Revoke for good</button>
</form></details>
</li>`;

function tokenForm(
  person: Caller,
  { name = '', scope = 'read', expires = '90' }: Pick<View, 'name' | 'scope' | 'expires'>,
  wrong: string | undefined,
  empty: boolean,
): Html {
  return html`<form method="post" action="${PATH}" autocomplete="off">
${hidden('as', person.userId)}
${field({
  name: 'name',
  label: 'Name',
  value: empty ? name : '',
  autocomplete: 'off',
  hint: 'What or where it is for, such as “notebook on my laptop”.',
  wrong,
  maxLength: 200,
})}
<fieldset><legend>What it may do</legend>
${SCOPES.map(
  ({ value, label, hint }) =>
    html`<label class="choice"><input type="radio" name="scope" value="${value}"${
      value === scope && html` checked`
    }><span><b>${label}</b><span class="quiet">${hint}</span></span></label>`,
)}
</fieldset>
<div class="field"><label for="expires">How long it lasts</label>
<select id="expires" name="expires">${EXPIRIES.map(
    ({ value, label }) => html`<option value="${value}"${value === expires && html` selected`}>${label}</option>`,
  )}</select></div>
<button>Make the token</button>
</form>`;
}
