import { asciiLower } from './ascii.ts';
import { refusalOf } from './functions.ts';
import { type Refusal, refuse } from './gate.ts';
import { didYouMean, nearestNames } from './nearest.ts';

/** Why a function may not be called, also when it does not exist; `names` are those that may have been meant. */
export function functionRefusal(name: string, names: Iterable<string>): Refusal {
  const list = 'docs/security/sql-functions.md lists what may be called.';
  const reason = refusalOf(asciiLower(name));
  if (reason !== undefined) {
    const message = `The function ${name}() may not be called: it ${reason}.`;
    return refuse('sql_function_not_allowed', message, list, { unknown: name });
  }
  const nearest = nearestNames(name, names);
  return refuse(
    'sql_function_not_allowed',
    `There is no function ${name}() that a query may call.`,
    `${didYouMean(nearest)}${list}`,
    { unknown: name, nearest },
  );
}
