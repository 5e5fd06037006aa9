// koa-views over nunjucks, with our own engine. The engine of koa-views reads and compiles a template at every render
// (measured with our page on two busy cores: 500 renders/s, against 5,500 from compiled ones) and does not support
// `extends`. Here every template is compiled at start, in one environment: a broken template stops the Market from
// starting.
//
// The home page is rendered without koa-views, which looks up the template's file at every render, in another thread.
// That was a quarter of the CPU time of such a page.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Middleware } from "koa";
import views from "koa-views";
import nunjucks from "nunjucks";

export interface Views {
  /**
   * Adds `ctx.render(name, locals)` to every request. Use `page.njk`, not `page`: koa-views looks up the file by the
   * name as given first, and adds the extension only when that fails.
   */
  readonly middleware: Middleware;
  /** The view as text. @throws Error for an unknown view, or for a view that uses an undefined value */
  render(name: string, locals: object): string;
  readonly names: readonly string[];
}

/** Reads templates without their indentation: it was a sixth of the home page. No template has preformatted text. */
class FlatLoader extends nunjucks.FileSystemLoader {
  override getSource(name: string): nunjucks.LoaderSource {
    const source = super.getSource(name);
    return { ...source, src: source.src.replace(/^[ \t]+/gm, "") };
  }
}

type Compiled = ReadonlyMap<string, nunjucks.Template>;

const EXTENSION = "njk";

/**
 * Compiles every template of a folder.
 * @param globals values that every template sees
 * @throws the error of nunjucks for the first broken template
 */
export function loadViews(folder: string, globals: Readonly<Record<string, unknown>>): Views {
  const environment = new nunjucks.Environment(new FlatLoader(folder), {
    autoescape: true,
    throwOnUndefined: true, // a mistyped name is an error in a test, not a gap on a page
    trimBlocks: true,
    lstripBlocks: true,
  });
  for (const [name, value] of Object.entries(globals)) environment.addGlobal(name, value);
  const names = readdirSync(folder).filter((name) => name.endsWith(`.${EXTENSION}`));
  const compiled: Compiled = new Map(names.map((name) => [join(folder, name), environment.getTemplate(name, true)]));
  // The signature that koa-views expects: full path and values in, promise of a page out.
  const engine = async (path: string, state: object): Promise<string> => render(compiled, path, state);
  return {
    middleware: views(folder, { extension: EXTENSION, engineSource: { [EXTENSION]: engine } }),
    render: (name, locals) => render(compiled, join(folder, name), locals),
    names,
  };
}

/** Synchronous: the templates contain nothing asynchronous, and without a callback nunjucks throws its errors. */
function render(compiled: Compiled, path: string, state: object): string {
  const template = compiled.get(path);
  if (template === undefined) throw new Error(`no template was compiled from ${path}`);
  return template.render(state);
}
