import { describe, expect, test } from 'vitest';
import { AgnesError, ERROR_CODES, fromProblem, isAgnesError, toProblem } from './index.ts';

describe('problem documents', () => {
  test('carry code, hint and details, and come back as the same error', () => {
    const error = new AgnesError('table_not_found', "There is no table 'x'.", {
      hint: 'agnes catalog',
      details: { table: 'x' },
    });
    const problem = toProblem(error, 'req1');
    expect(problem).toMatchObject({ status: 404, code: 'table_not_found', hint: 'agnes catalog', table: 'x' });
    const back = fromProblem(404, JSON.parse(JSON.stringify(problem)));
    expect(isAgnesError(back, 'table_not_found')).toBe(true);
    expect(back).toMatchObject({ message: error.message, hint: error.hint, exitCode: 8 });
    expect(back.details).toMatchObject({ table: 'x', request_id: 'req1' });
  });

  test('details cannot overwrite the fields of the document', () => {
    const problem = toProblem(
      new AgnesError('forbidden', 'No.', { details: { status: 200, code: 'ok', detail: 'yes' } }),
    );
    expect(problem).toMatchObject({ status: 403, code: 'forbidden', detail: 'No.' });
  });

  test('an unexpected error tells nothing of itself', () => {
    const problem = toProblem(new Error('password=hunter2'));
    expect(problem.code).toBe('internal_error');
    expect(JSON.stringify(problem)).not.toContain('hunter2');
  });

  test.each([[null], ['<html>'], [{ detail: { reason: 'x' } }], [{ code: 'from_the_future', detail: 'New.' }]])(
    'a body this build does not know (%j) becomes server_error with exit code 5',
    (body) => {
      expect(fromProblem(502, body)).toMatchObject({ code: 'server_error', exitCode: 5 });
    },
  );

  test('every code has a meaning that is a sentence', () => {
    for (const [code, { meaning }] of Object.entries(ERROR_CODES)) {
      expect(meaning, code).toMatch(/^[A-Z].*\.$/);
    }
  });
});
