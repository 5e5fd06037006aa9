// The option --market, for machines with several Markets.

import { shownUrl } from "../../../util/printable.ts";
import type { Option } from "../../core/command.ts";
import { type Failed, quoteForMessage } from "../../core/outcome.ts";

export const MARKET_OPTION: Option = {
  name: "market",
  value: "URL",
  meaning: "the Market to ask, by its page or its board, instead of the one at HOST and PORT",
};

/** Undefined: the URL is valid. */
export function wrongMarket(url: string | undefined): Failed | undefined {
  if (url === undefined || /^http:\/\/[^\s/?#@]+\/?$/.test(url)) return undefined;
  const message = `--market ${quoteForMessage(shownUrl(url))} is no address of a Market`;
  return {
    kind: "failed",
    category: "usage",
    code: "wrong-option",
    message,
    hint: "for example:  --market http://localhost:5001",
  };
}
