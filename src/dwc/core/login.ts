// `dwc login`: makes another org of this state folder the current one.

import { loggedIn, orgJson, SEE_STATUS } from "./cli-format.ts";
import type { Command } from "./command.ts";
import { toFailure } from "./outcome.ts";

export const login: Command = {
  name: "login",
  summary: "switches to another org of this state folder",
  about: ["What is started from then on belongs to that org; what runs already stays where it is."],
  args: [{ name: "EMAIL", meaning: "who you are there" }],
  options: [{ name: "org-id", value: "ID", meaning: "which org, where the same address stands in several" }],
  example: "bin/dwc login ann@example.org",
  run: async ({ args: [email = ""], values }, world) => {
    const entered = await world.identity.login(email, values.get("org-id"));
    if (entered.kind === "refused") return toFailure(entered);
    return {
      kind: "done",
      lines: [loggedIn(entered.org, entered.email)],
      notes: ["Next:  bin/dwc status"],
      json: { org: orgJson(entered.org), email: entered.email },
      ifUnwritten: { effect: `${loggedIn(entered.org, entered.email)} all the same`, again: SEE_STATUS },
    };
  },
};
