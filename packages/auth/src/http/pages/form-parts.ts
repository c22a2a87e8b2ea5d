import { html } from 'hono/html';
import type { Html } from './document.ts';

export interface FieldOptions {
  readonly name: string;
  readonly label: string;
  readonly type?: 'text' | 'email' | 'password';
  readonly value?: string | undefined;
  readonly autocomplete: string;
  readonly hint?: Html | string | undefined;
  /** What is wrong with it, and what to do. */
  readonly wrong?: string | undefined;
  /** Whether typing begins here. A field that is wrong is where it begins, whatever this says. */
  readonly first?: boolean;
  readonly required?: boolean;
  readonly maxLength?: number;
  readonly className?: string;
  readonly inputMode?: string;
}

/** A labelled field, with its hint and its error tied to it. */
export function field(options: FieldOptions): Html {
  const { name, label, type = 'text', value, hint, wrong, required = true } = options;
  const described = [hint === undefined ? [] : [`${name}-hint`], wrong === undefined ? [] : [`${name}-wrong`]].flat();
  return html`<div class="field">
<label for="${name}">${label}</label>
${hint !== undefined && html`<div class="hint" id="${name}-hint">${hint}</div>`}
${wrong !== undefined && html`<p class="wrong" id="${name}-wrong">${wrong}</p>`}
<input id="${name}" name="${name}" type="${type}" autocomplete="${options.autocomplete}"${
    value !== undefined && html` value="${value}"`
  }${required && html` required`}${options.maxLength !== undefined && html` maxlength="${options.maxLength}"`}${
    options.className !== undefined && html` class="${options.className}"`
  }${options.inputMode !== undefined && html` inputmode="${options.inputMode}"`}${
    type !== 'password' && html` autocapitalize="none" spellcheck="false"`
  }${described.length > 0 && html` aria-describedby="${described.join(' ')}"`}${
    wrong !== undefined && html` aria-invalid="true"`
  }${(options.first === true || wrong !== undefined) && html` autofocus`}>
</div>`;
}

export const hidden = (name: string, value: string): Html =>
  html`<input type="hidden" name="${name}" value="${value}">`;

/** A box at the top that says how something went; screen readers say it at once. */
export function notice(kind: 'bad' | 'good' | 'note', message: Html | string, more?: Html | string): Html {
  return html`<div class="notice ${kind}" role="${kind === 'bad' ? 'alert' : 'status'}">
<p><b>${message}</b></p>
${more !== undefined && html`<p>${more}</p>`}
</div>`;
}

/** A moment, in UTC, to the minute. */
export function moment(at: Date): Html {
  const iso = at.toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC</time>`;
}
