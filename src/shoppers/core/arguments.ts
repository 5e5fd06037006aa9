// The arguments of `shoppers`: pages a second, and the Market's address if it is not that of the settings.

import type { Settings } from "../../settings.ts";
import { bracketHost, reachableHost } from "../../util/format.ts";
import { shownValue } from "../../util/printable.ts";

export type ShoppersArguments =
  | { readonly kind: "read"; readonly rate: number; readonly page: string | undefined }
  | { readonly kind: "refused"; readonly why: string };

/** Enough for its lines to have numbers in a minute, and few enough for a Market that also has a person. */
export const DEFAULT_RATE = 5;
/** The Market of a laptop answers more, and this process could not load many more at an even rate. */
export const MAX_RATE = 1_000;

/** An empty value counts as not given. @param values as typed */
export function readShoppersArguments(values: { readonly rate?: string; readonly page?: string }): ShoppersArguments {
  const { rate: typed = "", page } = values;
  if (page !== undefined && !isPageUrl(page)) return refused(`--page=${page} is not of the form http://host:port`);
  if (typed === "") return { kind: "read", rate: DEFAULT_RATE, page };
  const rate = /^\d{1,6}$/.test(typed) ? Number(typed) : 0;
  if (rate < 1 || rate > MAX_RATE)
    return refused(
      `RATE=${shownValue(typed)} is not a whole number from 1 to ${MAX_RATE}: type  make shoppers RATE=${DEFAULT_RATE}`,
    );
  return { kind: "read", rate, page };
}

const isPageUrl = (text: string): boolean => /^http:\/\/[^\s/?#@]+\/?$/.test(text) && URL.canParse(text);

const refused = (why: string): ShoppersArguments => ({ kind: "refused", why });

/** The page of the Market of this machine, found by the settings of the Market itself. */
export const marketPage = ({ host, port }: Pick<Settings, "host" | "port">): string =>
  `http://${bracketHost(reachableHost(host))}:${port}`;

/** As the Market itself prints its address. */
export const shownPage = (page: string): string => page.replace("//127.0.0.1:", "//localhost:");
