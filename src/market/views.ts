// koa-views over nunjucks, with an engine of our own. The one that koa-views brings reads and compiles a template at
// every render (measured with our page on two busy cores: 500 renders/s, against 5,500 from compiled ones) and knows no
// `extends` by itself.
// Here every template is compiled at start, in one environment: a template that is broken stops the Market from starting
// instead of showing up as a broken page.
//
// The page that every shopper loads is taken past koa-views: that asks the disk for the template's name at every render,
// in another thread, which was a quarter of the processor time of such a page.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Middleware } from "koa";
import views from "koa-views";
import nunjucks from "nunjucks";

export interface Views {
  /**
   * Gives every request its `ctx.render(name, locals)`. Say `page.njk`, not `page`: koa-views asks the disk for the name
   * as it is given, and only after that has failed for the name with the extension.
   */
  readonly middleware: Middleware;
  /** The view as text. @throws Error for what is no view of this folder, or names a value that is not there */
  render(name: string, locals: object): string;
  readonly names: readonly string[];
}

type Compiled = ReadonlyMap<string, nunjucks.Template>;

const EXTENSION = "njk";

/**
 * Compiles every template of a folder.
 * @param globals values that every template sees
 * @throws what nunjucks says about the first broken template
 */
export function loadViews(folder: string, globals: Readonly<Record<string, unknown>>): Views {
  const environment = new nunjucks.Environment(new nunjucks.FileSystemLoader(folder), {
    autoescape: true,
    throwOnUndefined: true, // a mistyped name is an error in a test, not a gap on a page
    trimBlocks: true,
    lstripBlocks: true,
  });
  for (const [name, value] of Object.entries(globals)) environment.addGlobal(name, value);
  const names = readdirSync(folder).filter((name) => name.endsWith(`.${EXTENSION}`));
  const compiled: Compiled = new Map(names.map((name) => [join(folder, name), environment.getTemplate(name, true)]));
  // The engine as koa-views wants it: a full path and the values in, the promise of a page out.
  const engine = async (path: string, state: object): Promise<string> => render(compiled, path, state);
  return {
    middleware: views(folder, { extension: EXTENSION, engineSource: { [EXTENSION]: engine } }),
    render: (name, locals) => render(compiled, join(folder, name), locals),
    names,
  };
}

/** In place: nothing in these templates waits, and nunjucks then throws where it would call back. */
function render(compiled: Compiled, path: string, state: object): string {
  const template = compiled.get(path);
  if (template === undefined) throw new Error(`no template was compiled from ${path}`);
  return template.render(state);
}
