// Loaded by `import()` when a settings file needs it; a re-export, because a bundled CommonJS module has no named exports.
export { parse, stringify, YAMLParseError } from 'yaml';
