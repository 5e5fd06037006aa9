// takes: 40 s
// The libraries of schemas that a contract is tried with: valibot, zod and arktype. The same program with each of them
// compiles with the oldest and the newest TypeScript, and runs. Lines that must not compile are marked in it.

import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { repository } from "../support/repository.ts";
import { runCommand } from "./command.ts";

const PACKAGES = join(repository, "test/package/node_modules");
const COMPILERS = [PACKAGES, join(repository, "node_modules")].map((folder) => join(folder, "typescript/bin/tsc"));

/** How each library writes: an order, whose date is a text on its way, and a text that an asynchronous check admits. */
const LIBRARIES: Readonly<Record<string, string>> = {
  valibot: `
    import * as v from "valibot";
    const when = v.pipe(v.string(), v.isoDate(), v.transform((text) => new Date(text)));
    export const Order = v.object({ sku: v.string(), items: v.array(v.object({ count: v.number() })), at: when });
    export const Known = v.pipeAsync(v.string(), v.checkAsync(async (sku) => sku !== "ham", "is unknown"));
    export const Count = v.number();`,
  zod: `
    import * as z from "zod";
    const when = z.iso.date().transform((text) => new Date(text));
    export const Order = z.object({ sku: z.string(), items: z.array(z.object({ count: z.number() })), at: when });
    export const Known = z.string().refine(async (sku) => sku !== "ham", "is unknown");
    export const Count = z.number();`,
  arktype: `
    import { type } from "arktype";
    export const Order = type({ sku: "string", items: type({ count: "number" }).array(), at: "string.date.parse" });
    export const Known = type("string").narrow((sku, at) => sku !== "ham" || at.reject({ message: "is unknown" }));
    export const Count = type("number");`,
};

const NAME = "datawire-connect";
const PROGRAM = `
  import { connectBus, contract, createClient, operation, serve } from "${NAME}";
  import { Count, Known, Order } from "./schemas.js";

const shop = contract("shop", { place: operation(Order, Count), find: operation(Known, Known, { idempotent: true }) });
const bus = await connectBus();
const instance = await serve(shop, {
  bus,
  handlers: {
    place: ({ items, at }) => items.reduce((sum, { count }) => sum + count, 0) + at.getUTCFullYear(),
    find: async (sku) => (sku === "spam" ? "ham" : sku),
  },
});
const client = createClient(shop, { bus });

const order = { sku: "tea", items: [{ count: 1 }, { count: 2 }], at: "2026-11-29" };
const placed: number = await client.call.place(order);
console.log("placed", placed);
// @ts-expect-error a wrong field
const wrong = await client.ask.place({ ...order, items: [{ count: "1" }] });
if (wrong.kind === "error") {
  const { problems } = wrong.data as { problems: readonly string[] };
  console.log("wrong", wrong.code, problems.length, problems[0]?.startsWith("items[0].count"));
}
const found = await client.ask.find("tea");
console.log("found", found.kind === "ok" && found.value);
const unknown = await client.ask.find("ham");
console.log("unknown", unknown.kind === "error" && unknown.message);
const invalid = await client.ask.find("spam");
console.log("invalid", invalid.kind === "unanswered" && invalid.reason);

export const incomplete = () =>
  // @ts-expect-error a handler is missing
  serve(shop, { bus, handlers: { find: (sku) => sku } });
export const wrongAnswer = () =>
  // @ts-expect-error the answer has another type
  serve(shop, { bus, handlers: { find: (sku) => sku, place: ({ sku }) => sku } });
export const wrongInput = () =>
  // @ts-expect-error the caller sends a text, and the handler gets a date
  client.call.place({ ...order, at: new Date(0) });

client.close();
await instance.goodbye();
await bus.close();
`;

const SHOWN = [
  "placed 2029",
  "wrong 400 1 true",
  "found tea",
  "unknown bad request: is unknown",
  "invalid invalid-response",
];

const test = suite("libraries of schemas");
const areThere = existsSync(join(PACKAGES, "zod"));
if (!areThere) console.log("  no zod and arktype here: type  sh bin/prepare-packages test/package");

let server: TestServer;
test.before(async () => {
  server = await startNatsServer();
});
test.after(() => server?.stop());

for (const [library, schemas] of Object.entries(LIBRARIES))
  (areThere ? test : test.skip)(`a contract with ${library}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "schemas-"));
    try {
      prepare(folder, schemas);
      for (const compiler of COMPILERS) {
        const { stdout } = await runCommand(process.execPath, [compiler], { cwd: folder, mustSucceed: false });
        assert.is(stdout, "", compiler);
      }
      const { stdout } = await runCommand(process.execPath, ["built/program.js"], {
        cwd: folder,
        env: { NATS_URL: server.url },
      });
      assert.equal(stdout.trimEnd().split("\n"), SHOWN);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

function prepare(folder: string, schemas: string): void {
  mkdirSync(join(folder, "node_modules"));
  const link = (from: string, name: string): void => symlinkSync(from, join(folder, "node_modules", name));
  // In place of the package, which package.long.test.ts installs.
  link(repository, NAME);
  for (const name of ["valibot", "@types", "undici-types"]) link(join(repository, "node_modules", name), name);
  for (const name of ["zod", "arktype"]) link(join(PACKAGES, name), name);
  const compilerOptions = {
    ...{ strict: true, target: "es2022", module: "nodenext", moduleResolution: "nodenext", types: ["node"] },
    ...{ outDir: "built", skipLibCheck: true },
  };
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  write("package.json", '{ "type": "module" }');
  write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["program.ts"] }));
  write("schemas.ts", schemas);
  write("program.ts", PROGRAM);
}

test.run();
