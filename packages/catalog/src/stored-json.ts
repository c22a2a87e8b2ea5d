import * as v from 'valibot';

/** What the state's JSON columns hold: read through these, so that a damaged row is an error and not a wrong answer. */
export const storedColumns = v.array(v.object({ name: v.string(), type: v.string(), nullable: v.boolean() }));

export const storedWarnings = v.array(
  v.object({ code: v.string(), message: v.string(), hint: v.exactOptional(v.string()) }),
);

export const storedKey = v.nullable(v.array(v.string()));

export const storedColumnTypes = v.nullable(v.record(v.string(), v.string()));
