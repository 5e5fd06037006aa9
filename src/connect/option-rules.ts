// The rules of options that both sides have.

import { anObjectWith, type Rule } from "../util/options.ts";

export const aLogger: Rule = anObjectWith("a logger with the methods warn and error, such as console", "warn", "error");

export const middlewares: Rule = {
  must: "a list of middlewares, each a function of (call, next)",
  fits: (value) => Array.isArray(value) && value.every((one) => typeof one === "function"),
};

/** An option that the core checks when it gets it. */
export const checkedLater: Rule = { must: "given", fits: () => true };
