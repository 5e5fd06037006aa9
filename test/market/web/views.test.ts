import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Koa from "koa";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { loadViews } from "../../../src/market/web/views.ts";

const test = suite("views");
const folder = mkdtempSync(join(tmpdir(), "market-views-"));
test.after(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

/** Renders one view through koa, and gives what came, or what was thrown. */
async function render(name: string, locals: object): Promise<string> {
  const app = new Koa();
  app.use(loadViews(folder, { site: "the <site>" }).middleware);
  app.use(async (ctx) => {
    await ctx.render(name, locals).catch((error: unknown) => {
      ctx.body = `threw ${String(error)}`;
    });
  });
  const server = createServer(app.callback());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return await response.text();
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

test("values are escaped, and a view can extend another", async () => {
  write("layout.njk", "<{% block inside %}{% endblock %}>");
  write("page.njk", '{% extends "layout.njk" %}{% block inside %}{{ said }} at {{ site }}{% endblock %}');
  assert.is(await render("page", { said: "<b>\"'&" }), "<&lt;b&gt;&quot;&#39;&amp; at the &lt;site&gt;>");
});

test("a template's indentation is not sent, and values keep theirs", async () => {
  write("deep.njk", "<ul>\n    {% if said %}\n\t  <li>a  {{ said }}</li>\n    {% endif %}\n  </ul>");
  assert.is(await render("deep", { said: "\n  b" }), "<ul>\n<li>a  \n  b</li>\n</ul>");
});

test("a name that is not given is an error, not a gap", async () => {
  write("gap.njk", "{{ nonesuch }}");
  assert.match(await render("gap", {}), /threw [\s\S]*undefined/);
});

test("a view is rendered as text as well, by the same rules and without looking at the disk", () => {
  write("text.njk", "{{ said }} at {{ site }}");
  const views = loadViews(folder, { site: "the <site>" });
  rmSync(join(folder, "text.njk"));
  assert.is(views.render("text.njk", { said: "<b>" }), "&lt;b&gt; at the &lt;site&gt;");
  assert.throws(() => views.render("text.njk", {}), /undefined/);
  assert.throws(() => views.render("nonesuch.njk", {}), /no template was compiled from .*nonesuch\.njk/);
});

test("templates are read once: a file that changes later changes nothing", async () => {
  write("once.njk", "before");
  const views = loadViews(folder, {});
  assert.ok(views.names.includes("once.njk"));
  write("once.njk", "after");
  const app = new Koa();
  app.use(views.middleware).use((ctx) => ctx.render("once"));
  const server = createServer(app.callback());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  assert.is(await response.text(), "before");
  server.close();
  server.closeAllConnections();
});

test("a broken template is found at start", () => {
  write("broken.njk", "{% if %}");
  assert.throws(() => loadViews(folder, {}), /broken\.njk/);
  rmSync(join(folder, "broken.njk"));
});

test.run();
