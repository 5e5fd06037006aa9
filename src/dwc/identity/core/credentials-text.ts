// The text of a credentials file, as the mint writes it.

/** One token and one seed. A third block is refused, as another parser could use that instead. */
export const CREDENTIALS =
  /^-----BEGIN NATS USER JWT-----\n([\w-]+\.[\w-]+\.[\w-]+)\n------END NATS USER JWT------\n[^-]*\n-----BEGIN USER NKEY SEED-----\n(SU[A-Z2-7]{56})\n------END USER NKEY SEED------\n$/;

/** The token in it; empty: there is none. */
export const userJwtIn = (creds: string): string => CREDENTIALS.exec(creds)?.[1] ?? "";

/** The seed in it; empty: there is none. */
export const userSeedIn = (creds: string): string => CREDENTIALS.exec(creds)?.[2] ?? "";
