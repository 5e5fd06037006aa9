// The subjects of the shop beside those of the library: what Markets publish to each other, and the account token of the
// org. dwc grants the rights to them.

import { isIncarnationId } from "../../protocol.ts";

/** One Market's view of the instances of a service, published to the other Markets. */
export const viewSubject = (service: string, market: string): string => `belief.${service}.${market}`;
/** The views of all Markets. */
export const allViewsSubject = (service: string): string => `belief.${service}.*`;

/** The Market that a view's subject names, if it is one of `service`. */
export function marketOf(service: string, subject: string): string | undefined {
  const prefix = `belief.${service}.`;
  if (!subject.startsWith(prefix)) return undefined;
  const id = subject.slice(prefix.length);
  return isIncarnationId(id) ? id : undefined;
}

/** A request to the server itself for the org's account token that is in force (account-links.ts). */
export const accountTokenSubject = "account.token";
/** Published with each new account token of the org, before the server applies it. */
export const accountNewsSubject = "account.token.news";

/**
 * The newest account token that a Market knows, sent to the other Markets while the server uses an older one. It has
 * the form of a Market's view, to which members may publish and subscribe. No service can have this name.
 */
export const sharedAccountTokenSubject = "belief._account.token";
