// The text of a credentials file, as the mint writes it.

/** One token and one seed, with no third block that another reader could take for either. */
export const CREDENTIALS =
  /^-----BEGIN NATS USER JWT-----\n([\w-]+\.[\w-]+\.[\w-]+)\n------END NATS USER JWT------\n[^-]*\n-----BEGIN USER NKEY SEED-----\n(SU[A-Z2-7]{56})\n------END USER NKEY SEED------\n$/;

/** The token in it; an empty text where there is none. */
export const userJwtIn = (creds: string): string => CREDENTIALS.exec(creds)?.[1] ?? "";

/** The seed in it; an empty text where there is none. */
export const userSeedIn = (creds: string): string => CREDENTIALS.exec(creds)?.[2] ?? "";
