// What nats-server has to be told to let in only whom an operator's orgs let in. It names no org: those lie beside
// it as account tokens, are read by the server when somebody logs in, and can change while it runs.

import { trustSchema } from "./parse-state.ts";
import { parse } from "./schema.ts";
import type { Trust } from "./state.ts";

/** A cluster's servers would compare their accounts this often; a single one does nothing. */
const COMPARE_EVERY = "2m";

/**
 * @param accountsFolder where the account tokens lie: the server writes there too, when it is told of a change
 * @throws Error for a trust with anything but letters of keys and tokens in it, which is refused where it is read
 */
export function serverConfig(trust: Trust, accountsFolder: string): string {
  if (parse(trustSchema, trust).kind === "mismatch")
    throw new Error("server-config: this trust is not keys and tokens");
  return [
    "# Written by dwc: who may be on the bus. Do not change it; it is written anew.",
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
