#!/usr/bin/env node
// Nothing is imported before the version is answered: `agnes --version` costs what `node` costs.
import { readFileSync } from 'node:fs';
import module from 'node:module';

const argv = process.argv.slice(2);
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (argv[0] === '--version' || argv[0] === '-V') {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  process.stdout.write(`agnes ${version}\n`);
} else if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`agnes needs Node.js 22.19 or newer; this is ${process.version}. See https://nodejs.org\n`);
  process.exitCode = 1;
} else {
  module.enableCompileCache();
  const { main } = await import('../dist/main.js');
  await main(argv);
}
