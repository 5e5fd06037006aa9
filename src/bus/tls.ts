// TLS as the user configures it: the certificates that a program trusts, and its own.

import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext, type SecureContext } from "node:tls";
import { textOf } from "../util/errors.ts";
import { checkOptions } from "../util/options.ts";
import { TLS_RULES } from "./core/option-rules.ts";
import type { BusTls } from "./nats-options.ts";

/** What the connections of one bus share. */
export class ClientTls {
  readonly handshakeFirst: boolean;
  readonly #options: BusTls;
  readonly #report: (sentence: string) => void;
  #context: SecureContext;

  /**
   * @throws TypeError for an option that breaks its rule
   * @throws Error for a file that cannot be read, or that holds no certificate or key
   */
  constructor(options: BusTls, report: (sentence: string) => void) {
    checkOptions("tls", options, TLS_RULES);
    const [hasCert, hasKey] = [options.cert ?? options.certFile, options.key ?? options.keyFile];
    if ((hasCert === undefined) !== (hasKey === undefined))
      throw new TypeError(`tls has a ${hasCert === undefined ? "key and no certificate" : "certificate and no key"}`);
    this.#options = options;
    this.#report = report;
    this.handshakeFirst = options.handshakeFirst === true;
    this.#context = contextOf(options);
  }

  /** The files as they are now, so that a renewed certificate needs no restart. Those of before, if they cannot be used. */
  context(): SecureContext {
    try {
      this.#context = contextOf(this.#options);
    } catch (error) {
      this.#report(`${textOf(error)}. Until then the certificates are used that were read before`);
    }
    return this.#context;
  }
}

function contextOf({ ca, caFile, cert, certFile, key, keyFile }: BusTls): SecureContext {
  const pem = {
    ca: read("caFile", caFile) ?? ca,
    cert: read("certFile", certFile) ?? cert,
    key: read("keyFile", keyFile) ?? key,
  };
  const given = Object.entries(pem).filter(([, value]) => value !== undefined);
  const names = given.map(([name]) => name).join(", ");
  // Node ignores authorities that are no PEM.
  if (given.some(([, text]) => !text?.includes(PEM))) throw new Error(`tls cannot be used: ${names} must be PEM`);
  try {
    // Node ignores them too if the first one cannot be read, as in a file that is written only in part.
    if (pem.ca !== undefined) new X509Certificate(pem.ca);
  } catch (error) {
    throw new Error(`tls cannot be used: ca must be PEM with a certificate (${textOf(error)})`);
  }
  try {
    return createSecureContext(Object.fromEntries(given));
  } catch (error) {
    throw new Error(`tls cannot be used: ${names} (${textOf(error)})`);
  }
}

const PEM = "-----BEGIN ";

function read(name: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`tls.${name} ${path} cannot be read (${String((error as NodeJS.ErrnoException).code)})`);
  }
}
