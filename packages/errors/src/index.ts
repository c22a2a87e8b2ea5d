export { AgnesError, type AgnesErrorOptions, type ErrorDetails, isAgnesError, messageOf } from './agnes-error.ts';
export { type CodeEntry, ERROR_CODES, type ErrorCode, isErrorCode } from './codes.ts';
export { fromProblem, type Problem, toProblem } from './problem.ts';
