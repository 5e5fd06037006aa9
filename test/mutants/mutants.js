// make mutants: Stryker over the code that tests reach without a process.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const mutate = process.argv.slice(2);
const r = spawnSync(process.execPath, [here("node_modules/@stryker-mutator/core/bin/stryker.js"), "run", here("stryker.json"), ...(mutate.length ? ["--mutate", mutate.join(",")] : [])], { stdio: "inherit", cwd: here("../..") });
process.exit(r.status ?? 1);
