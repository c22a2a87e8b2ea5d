import { type Caller, callerOf, type Handlers, type pageOperations, peerOf } from '@agnes/api-contract';
import { type AgnesError, isAgnesError } from '@agnes/errors';
import { html } from 'hono/html';
import type { Auth } from '../../auth.ts';
import { shownUserCode } from '../../device-rows.ts';
import { someoneElse } from './browser-session.ts';
import { type Html, page } from './document.ts';
import { field, hidden, moment, notice } from './form-parts.ts';
import { retrySeconds, waitText } from './notices.ts';

const PATH = '/login/device';

type DeviceHandlers = Pick<Handlers<typeof pageOperations>, 'showDevice' | 'sendDevice'>;
type Waiting = Awaited<ReturnType<Auth['devices']['find']>>;

/** The page on which somebody lets a waiting device in, such as a command line. */
export function devicePages(auth: Auth): DeviceHandlers {
  const ask = (person: Caller, code = '', wrong?: string, status = 200): Promise<Response> =>
    page({ title: 'Let a device in', path: PATH, person, status, body: askBody(code, wrong) });
  const refused = (person: Caller, code: string, error: unknown): Promise<Response> => {
    const wrong = isAgnesError(error) ? wordRefusal(error) : undefined;
    if (wrong === undefined) throw error;
    return ask(person, code, wrong, (error as AgnesError).status);
  };

  return {
    showDevice: async ({ query }, context) => {
      const person = callerOf(context);
      const code = query.user_code.trim();
      if (code === '') return ask(person);
      try {
        const waiting = await auth.devices.find(code, person);
        return await page({
          title: 'Let a device in',
          path: PATH,
          person,
          body: confirmBody(shownUserCode(code), waiting, person),
        });
      } catch (error) {
        return refused(person, code, error);
      }
    },
    sendDevice: async ({ body }, context) => {
      const person = callerOf(context);
      const elsewhere = someoneElse(person, body.as, '/account');
      if (elsewhere !== undefined) return elsewhere;
      const code = body.user_code.trim();
      // Whatever is not plainly a yes is a no.
      const answer = body.answer === 'approve' ? 'approved' : 'denied';
      try {
        await auth.devices.answer(code, answer, person, peerOf(context));
      } catch (error) {
        return refused(person, code, error);
      }
      const title = answer === 'approved' ? 'The device is let in' : 'The device is turned away';
      return page({ title, path: PATH, person, body: answeredBody(title, answer) });
    },
  };
}

function wordRefusal(error: AgnesError): string | undefined {
  if (isAgnesError(error, 'device_code_unknown')) {
    return 'No device waits with this code. Compare it with the one on the device, or start again there: a code lasts a quarter of an hour.';
  }
  if (isAgnesError(error, 'too_many_requests')) {
    return `There were too many tries. Try again in ${waitText(retrySeconds(error.details))}.`;
  }
  return undefined;
}

const askBody = (code: string, wrong: string | undefined): Html => html`<h1>Let a device in</h1>
<form class="panel" method="get" action="${PATH}">
<p>Type the code that the device shows, for example after <code class="code">agnes auth login</code>.</p>
${field({
  name: 'user_code',
  label: 'Code',
  value: code,
  autocomplete: 'one-time-code',
  className: 'code big',
  wrong,
  first: true,
  maxLength: 40,
})}
<button>Go on</button>
</form>`;

const confirmBody = (code: string, waiting: Waiting, person: Caller): Html => html`<h1>Let a device in</h1>
<form class="panel" method="post" action="${PATH}">
${hidden('user_code', code)}
${hidden('as', person.userId)}
<dl>
<dt>Code</dt><dd class="code big">${code}</dd>
<dt>Who asks</dt><dd><bdi>${waiting.client_name}</bdi></dd>
<dt>From the address</dt><dd class="code">${waiting.created_ip ?? 'unknown'}</dd>
<dt>Since</dt><dd>${moment(waiting.created_at)}</dd>
<dt>It will be</dt><dd><b><bdi>${person.email}</bdi></b></dd>
</dl>
${notice(
  'note',
  'Say yes only if you started this yourself, a moment ago, and the device shows this very code.',
  'It can then read and do whatever you can. Whoever sent you the code or a link to here would be let in instead.',
)}
<div class="row">
<button name="answer" value="approve">Yes, let it in</button>
<button class="danger" name="answer" value="deny">No, turn it away</button>
</div>
</form>`;

const answeredBody = (title: string, answer: 'approved' | 'denied'): Html => html`<h1>${title}</h1>
${
  answer === 'approved'
    ? notice('good', 'Go back to the device: it goes on by itself.', 'This page can be closed.')
    : notice('good', 'It gets no access.', 'If you did not start it, tell an administrator of this server.')
}
<p><a href="/account/sessions">See where you are signed in</a></p>`;
