// The table of permissions in docs/operating.md, made from the code that writes them into tokens.

import { callerPartOf } from "../../src/bus/core/credentials.ts";
import {
  adminPermissions,
  marketPermissions,
  type Permissions,
  pushPermissions,
  servicePermissions,
} from "../../src/dwc/identity/core/permissions.ts";

const KEY = `U${"A".repeat(55)}`;
/** How docs/protocol.md writes the caller's own part of a reply subject. */
const CALLER = "<caller>";

/** Every role that a token is issued for. */
export const ROLES: readonly (readonly [name: string, permissions: (publicKey: string) => Permissions])[] = [
  ["service `ratings`", (key) => servicePermissions("ratings", key)],
  ["service `orders` that may call `ratings`", (key) => servicePermissions("orders", key, ["ratings"])],
  ["member", marketPermissions],
  ["admin, owner", adminPermissions],
  ["`dwc` itself, for one connection, to the server's own account", pushPermissions],
];

export function permissionTable(): string {
  const rows = ROLES.map(([name, permissions]) => rowOf(name, permissions(KEY)));
  return ["| role | may publish to | may subscribe to |", "| --- | --- | --- |", ...rows].join("\n");
}

function rowOf(name: string, { pub, sub }: Permissions): string {
  const except = pub.deny === undefined ? "" : `; not ${listed(pub.deny)}`;
  return `| ${name} | ${listed(pub.allow)}${except} | ${listed(sub.allow)} |`;
}

function listed(subjects: readonly string[]): string {
  return subjects.map(shown).join(", ");
}

/** A rule may name a queue group behind its subject. */
function shown(rule: string): string {
  const [subject = "", queue] = rule.replace(callerPartOf(KEY), CALLER).split(" ");
  return queue === undefined ? `\`${subject}\`` : `\`${subject}\` in the queue group \`${queue}\``;
}
