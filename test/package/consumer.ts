// A user of the library: an empty folder with an empty home, into which npm installs the package that `make package`
// builds.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repository } from "../support/repository.ts";
import { type CommandResult, runCommand } from "./command.ts";
import { startRegistry } from "./registry.ts";

/** What npm could be asked for: the needs of the library, those of its examples, and packages that it must not need. */
const AVAILABLE = [
  ...["nats", "nkeys.js", "tweetnacl", "@opentelemetry/api", "@types/node", "undici-types"],
  ...["valibot", "@nats-io/jwt", "@nats-io/nkeys", "koa", "pino"],
];

export interface Consumer {
  readonly folder: string;
  /** Its whole environment, beside PATH. */
  readonly env: Readonly<Record<string, string>>;
  /** The package as npm installed it. */
  readonly installed: string;
  readonly tarball: string;
  install(...packages: readonly string[]): Promise<CommandResult>;
  run(command: string, args: readonly string[], mustSucceed?: boolean): Promise<CommandResult>;
  write(file: string, text: string): void;
  end(): Promise<void>;
}

/** @param others packages that npm can be asked for besides: their folders, as npm installed them */
export async function makeConsumer(others: readonly string[] = []): Promise<Consumer> {
  const base = mkdtempSync(join(tmpdir(), "consumer-"));
  const [folder, home, built] = ["project", "home", "built"].map((name) => join(base, name)) as [
    string,
    string,
    string,
  ];
  for (const made of [folder, home, built]) mkdirSync(made);
  const registry = await startRegistry([...AVAILABLE.map((name) => join(repository, "node_modules", name)), ...others]);
  const env = {
    ...{ HOME: home, npm_config_registry: registry.url, npm_config_audit: "false", npm_config_fund: "false" },
    npm_config_update_notifier: "false",
  };
  const run = (command: string, args: readonly string[], mustSucceed = true): Promise<CommandResult> =>
    runCommand(command, args, { cwd: folder, env, mustSucceed });
  await run(process.execPath, [join(repository, "dist/bin/package.js"), built]);
  const [file = ""] = readdirSync(built);
  writeFileSync(join(folder, "package.json"), '{ "type": "module", "private": true }\n');
  return {
    folder,
    env,
    installed: join(folder, "node_modules/datawire-connect"),
    tarball: join(built, file),
    install: (...packages) => run("npm", ["install", ...packages]),
    run,
    write: (name, text) => writeFileSync(join(folder, name), text),
    end: async () => {
      await registry.close();
      rmSync(base, { recursive: true, force: true });
    },
  };
}

/** Files below a folder, by their paths from there. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => statSync(join(folder, file)).isFile())
    .sort();
}

export const readJson = (...path: readonly string[]): Record<string, unknown> =>
  JSON.parse(readFileSync(join(...path), "utf8"));
