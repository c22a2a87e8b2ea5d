import { createHash } from 'node:crypto';

/** The one stylesheet of the pages. Every pair of colours has a contrast of at least 4.5 : 1, borders of fields 3 : 1. */
const CSS = `
:root {
  color-scheme: light dark;
  --page: #f4f5f7; --panel: #ffffff; --text: #1b1f24; --quiet: #57606a; --line: #d5dae0; --field: #76808c;
  --accent: #1f5fbf; --accent-text: #ffffff; --accent-strong: #174a96; --link: #1f5fbf;
  --bad: #a1161d; --bad-panel: #fdeeee; --good: #14602f; --good-panel: #e9f6ed; --note-panel: #fff6dd; --note: #6a4a00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --panel: #1d2127; --text: #e8ebef; --quiet: #a7b0bb; --line: #363c45; --field: #7f8a98;
    --accent: #7db0ff; --accent-text: #0b1a30; --accent-strong: #a6c9ff; --link: #8ab8ff;
    --bad: #ffaaa6; --bad-panel: #3a1d1f; --good: #8fdca8; --good-panel: #15301f; --note-panel: #352b12; --note: #f3d78b;
  }
}
* { box-sizing: border-box; }
html { font: 100%/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
body { margin: 0; background: var(--page); color: var(--text); overflow-wrap: anywhere; }
a { color: var(--link); }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem; }
h2 { font-size: 1.125rem; line-height: 1.3; margin: 0 0 .75rem; }
p { margin: 0 0 1rem; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: .5rem; top: .5rem; background: var(--panel); padding: .5rem 1rem; z-index: 1; }
.top { background: var(--panel); border-bottom: 1px solid var(--line); }
.top > div, main { margin: 0 auto; padding: 0 1rem; max-width: 26rem; }
.wide .top > div, .wide main { max-width: 46rem; }
.top > div { display: flex; flex-wrap: wrap; align-items: center; gap: 0 1.25rem; min-height: 3.5rem; }
.brand { font-weight: 700; font-size: 1.125rem; color: inherit; text-decoration: none; margin-right: auto; }
nav ul { display: flex; flex-wrap: wrap; gap: 0 1.25rem; list-style: none; margin: 0; padding: 0; }
nav a { display: inline-block; padding: .75rem 0; text-decoration: none; }
nav a[aria-current] { color: var(--text); font-weight: 600; box-shadow: inset 0 -3px 0 var(--accent); }
nav a:hover { text-decoration: underline; }
main { padding-top: 2rem; padding-bottom: 4rem; }
main:focus { outline: none; }
.panel { background: var(--panel); border: 1px solid var(--line); border-radius: .5rem; padding: 1.25rem; margin: 0 0 1.25rem; }
.panel > :last-child, .notice > :last-child { margin-bottom: 0; }
.notice { border-left: .25rem solid; border-radius: .25rem; padding: .75rem 1rem; margin: 0 0 1.25rem; }
.notice p { margin-bottom: .5rem; }
.bad { background: var(--bad-panel); border-color: var(--bad); color: var(--bad); }
.good { background: var(--good-panel); border-color: var(--good); color: var(--good); }
.note { background: var(--note-panel); border-color: var(--note); color: var(--note); }
.notice a { color: inherit; }
.quiet { color: var(--quiet); }
.field { margin: 0 0 1rem; }
label, .label { display: block; font-weight: 600; margin: 0 0 .25rem; }
.hint { color: var(--quiet); font-size: .9375rem; margin: 0 0 .25rem; }
.hint ul { margin: 0; padding-left: 1.25rem; }
.wrong { color: var(--bad); font-weight: 600; margin: 0 0 .25rem; }
input, select, textarea { width: 100%; min-height: 2.75rem; font: inherit; color: inherit; background: var(--panel);
  border: 1px solid var(--field); border-radius: .375rem; padding: .5rem .75rem; }
textarea { display: block; field-sizing: content; resize: none; word-break: break-all; }
input[aria-invalid] { border: 2px solid var(--bad); }
input[type=radio] { width: 1.25rem; min-height: 0; height: 1.25rem; margin: .15rem 0 0; flex: none; accent-color: var(--accent); }
.code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; letter-spacing: .03em; }
pre { margin: 0 0 1rem; padding: .75rem 1rem; white-space: pre-wrap; background: var(--page); border: 1px solid var(--line);
  border-radius: .375rem; }
.big { font-size: 1.375rem; letter-spacing: .12em; }
fieldset { border: 0; margin: 0 0 1rem; padding: 0; min-width: 0; }
legend { font-weight: 600; padding: 0; margin: 0 0 .25rem; }
.choice { display: flex; gap: .625rem; font-weight: 400; padding: .375rem 0; margin: 0; }
.choice b { display: block; }
button, .button { display: inline-block; min-height: 2.75rem; font: inherit; font-weight: 600; text-align: center;
  text-decoration: none; cursor: pointer; border-radius: .375rem; padding: .5625rem 1.125rem; border: 1px solid var(--accent);
  background: var(--accent); color: var(--accent-text); }
button:hover, .button:hover { background: var(--accent-strong); border-color: var(--accent-strong); }
.second { background: transparent; color: var(--link); border-color: var(--field); }
.second:hover { background: var(--page); color: var(--link); border-color: var(--link); }
.danger { background: transparent; color: var(--bad); border-color: var(--bad); }
.danger:hover { background: var(--bad-panel); color: var(--bad); border-color: var(--bad); }
.plain { background: none; border: 0; padding: .75rem 0; color: var(--link); min-height: 0; font-weight: 400; }
.plain:hover { background: none; text-decoration: underline; }
.full { display: block; width: 100%; margin: 0 0 .75rem; }
.row { display: flex; flex-wrap: wrap; gap: .75rem; }
.or { display: flex; align-items: center; gap: .75rem; color: var(--quiet); margin: 1.25rem 0; }
.or::before, .or::after { content: ""; flex: 1; border-top: 1px solid var(--line); }
dl { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr; gap: .25rem 1.25rem; margin: 0 0 1rem; }
dt { color: var(--quiet); }
dd { margin: 0; min-width: 0; }
.list { list-style: none; margin: 0; padding: 0; }
.list > li { border-top: 1px solid var(--line); padding: 1rem 0; }
.list > li:first-child { border-top: 0; padding-top: 0; }
.list > li:last-child { padding-bottom: 0; }
.list h3 { font-size: 1rem; margin: 0 0 .375rem; }
.list dl { margin-bottom: .5rem; font-size: .9375rem; }
.list form { margin: 0; }
.tag { display: inline-block; font-size: .8125rem; font-weight: 600; border: 1px solid currentColor; border-radius: 1rem;
  padding: 0 .625rem; margin-left: .375rem; color: var(--quiet); }
.tag.good { background: none; color: var(--good); }
details > summary { display: inline-block; cursor: pointer; color: var(--bad); padding: .375rem 0; }
details > summary::before { content: "\\25B8\\00A0"; }
details[open] > summary::before { content: "\\25BE\\00A0"; }
@media (max-width: 30rem) { .wide .top > div { padding-top: .5rem; } .wide .brand { width: 100%; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .375rem; } }
@media (forced-colors: active) { .notice, .panel { border: 1px solid; } }
`.trim();

/** A file that the pages refer to. Its name holds its hash, so a cache may keep it for ever. */
export const stylesheet = {
  name: `agnes-${createHash('sha256').update(CSS).digest('hex').slice(0, 16)}.css`,
  text: CSS,
} as const;
