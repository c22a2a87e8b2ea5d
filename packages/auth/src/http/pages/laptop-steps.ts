import { html } from 'hono/html';
import type { Html } from './document.ts';

/** What to do next for somebody who has only ever been here in a browser. `docs/analyst/quickstart.md` says the same. */
export const laptopSteps = (serverUrl: string): Html => html`<section class="panel"><h2>Next, on your laptop</h2>
<p>In a terminal, with Node 22.19 or newer. Install the command line:</p>
<pre class="code">npm install --global @agnes/cli</pre>
<p>Sign in. It opens a browser, in which you let the laptop in:</p>
<pre class="code">agnes auth login --server ${serverUrl}</pre>
<p>Make a workspace and fetch what you may read:</p>
<pre class="code">agnes init --server-url ${serverUrl} --workspace ~/analysis</pre>
<p class="quiet">A program of your own needs an <a href="/account/tokens">access token</a> instead.</p>
</section>`;
