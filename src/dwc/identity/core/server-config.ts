// The configuration of a nats-server that admits only users of an operator's orgs. It names no org: account tokens lie
// beside it. The server reads them at a login, and they can change while it runs.

import { trustSchema } from "./parse-state.ts";
import { parse } from "./schema.ts";
import type { Trust } from "./state.ts";

/** How often the servers of a cluster compare their accounts. A single server does nothing. */
const COMPARE_EVERY = "2m";

/**
 * @param accountsFolder the folder of the account tokens; the server writes pushed tokens there as well
 * @throws Error for a trust with other characters than those of keys and tokens; the parser refuses such a trust first
 */
export function serverConfig(trust: Trust, accountsFolder: string): string {
  if (parse(trustSchema, trust).kind === "mismatch")
    throw new Error("server-config: this trust is not keys and tokens");
  return [
    "# Written by dwc: who may be on the bus. Do not change it; dwc overwrites it.",
    "#   nats-server -c THIS_FILE          for another port:  nats-server -c THIS_FILE -p 4223",
    'host: "127.0.0.1"',
    `operator: "${trust.operatorJwt}"`,
    `system_account: "${trust.systemAccount}"`,
    "resolver: {",
    "  type: full",
    `  dir: ${JSON.stringify(accountsFolder)}`,
    "  allow_delete: false",
    `  interval: "${COMPARE_EVERY}"`,
    "}",
    "",
  ].join("\n");
}
