// Child processes of a task: no shell, output kept until it is of interest, signals and exit codes passed through.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { root, toolsFolder } from './environment.mjs';

/** A command of a task failed: `code` is the exit code to end with, `output` what the command printed, when it was kept. */
export class TaskFailed extends Error {
  constructor(code, message, output = '') {
    super(message);
    this.name = 'TaskFailed';
    this.code = code;
    this.output = output;
  }

  show() {
    if (this.output !== '') process.stderr.write(`${this.output.trimEnd()}\n`);
    if (this.message !== '') process.stderr.write(`${this.message}\n`);
  }
}

/** Runs a command of the tool chain on the caller's own stdin, stdout and stderr. Throws TaskFailed. */
export async function run(tools, command, args) {
  const { code } = await start(tools, command, args, 'inherit');
  if (code !== 0) throw new TaskFailed(code, '');
}

/** Runs a command and keeps what it prints; TaskFailed carries that. With `--verbose` it goes to stderr at once. */
export async function runQuietly(tools, command, args, { cwd = root } = {}) {
  const stdio = tools.verbose ? ['ignore', process.stderr, process.stderr] : ['ignore', 'pipe', 'pipe'];
  const { code, output } = await start(tools, command, args, stdio, cwd);
  if (code !== 0) throw new TaskFailed(code, `\`${command} ${args.join(' ')}\` ended with ${code}.`, output);
}

// What a command name means here. Launchers written in JavaScript run on the task's own Node, so that none needs a shell.
const launchers = {
  turbo: ['node_modules', 'turbo', 'bin', 'turbo'],
  vitest: ['node_modules', 'vitest', 'vitest.mjs'],
  biome: ['node_modules', '@biomejs', 'biome', 'bin', 'biome'],
  tsc: ['node_modules', 'typescript', 'bin', 'tsc'],
};

function resolve(tools, command) {
  if (command === 'node') return [tools.node];
  if (command === 'npm') return tools.npm;
  if (command === 'pnpm') return [tools.node, join(toolsFolder, 'node_modules', 'pnpm', 'bin', 'pnpm.mjs')];
  return [tools.node, join(root, ...launchers[command])];
}

let current;

function start(tools, command, args, stdio, cwd = root) {
  const [file, ...before] = resolve(tools, command);
  return new Promise((done, fail) => {
    const child = spawn(file, [...before, ...args], { cwd, env: tools.env, stdio });
    current = child;
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.on('error', fail);
    child.on('close', (code, signal) => {
      current = undefined;
      done({ code: code ?? 128 + constants.signals[signal], output });
    });
  });
}

// Ctrl-C in a terminal reaches every process of the group by itself; a signal sent to this one alone must be passed on.
// Either way this process stays until the child has ended, and ends with the child's code.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => passOn(signal));

// A signal sent to npm ends npm and the shell that it starts scripts in, and never gets here: their end is the signal.
if (process.env.npm_lifecycle_event !== undefined) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    passOn('SIGTERM');
  }, 300);
  watch.unref();
}

function passOn(signal) {
  if (current === undefined) process.exit(128 + constants.signals[signal]);
  current.kill(signal);
}
