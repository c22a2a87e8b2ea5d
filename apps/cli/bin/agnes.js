#!/usr/bin/env node
'use strict';
// CommonJS, and nothing imported before the version is answered: `agnes --version` costs what `node` costs.
const argv = process.argv.slice(2);
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (argv[0] === '--version' || argv[0] === '-V') {
  process.stdout.write(`agnes ${require('../package.json').version}\n`);
} else if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`agnes needs Node.js 22.19 or newer; this is ${process.version}. See https://nodejs.org\n`);
  process.exitCode = 1;
} else {
  require('node:module').enableCompileCache();
  void import('../dist/main.js').then(({ main }) => main(argv));
}
