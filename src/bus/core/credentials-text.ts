// Parses the text of a credentials file. Editors, mail and other systems may have changed its line ends, or added a
// byte order mark, blanks at line ends and blank lines.

export type CredentialsText =
  | { readonly kind: "good"; readonly token: string; readonly seed: string }
  | { readonly kind: "bad"; readonly why: string };

const TOKEN_BLOCK = "NATS USER JWT";
const SEED_BLOCK = "USER NKEY SEED";
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const SEED = /^SU[A-Z2-7]{56}$/;

/** Reads token and seed. `why` contains no part of the text, because most of it is secret. */
export function readCredentialsText(text: string): CredentialsText {
  const lines = text
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim()) // trim() takes a byte order mark, too
    .filter((line) => line !== "");
  const [tokens, seeds] = [blocksOf(lines, TOKEN_BLOCK), blocksOf(lines, SEED_BLOCK)];
  if (tokens.length > 1 || seeds.length > 1) return { kind: "bad", why: "it holds the credentials of several" };
  const [token = ""] = tokens;
  const [seed = ""] = seeds;
  if (TOKEN.test(token) && SEED.test(seed)) return { kind: "good", token, seed };
  return { kind: "bad", why: "it holds no credentials" };
}

/** The only form that the client library accepts. */
export const credentialsFile = (token: string, seed: string): string =>
  [
    ...[`-----BEGIN ${TOKEN_BLOCK}-----`, token, `------END ${TOKEN_BLOCK}------`, ""],
    ...[`-----BEGIN ${SEED_BLOCK}-----`, seed, `------END ${SEED_BLOCK}------`, ""],
  ].join("\n");

/** The content of each block of that name. Mail may have broken a long line into several. */
function blocksOf(lines: readonly string[], name: string): readonly string[] {
  return lines.flatMap((line, at) => {
    if (line !== `-----BEGIN ${name}-----`) return [];
    const rest = lines.slice(at + 1);
    const end = rest.findIndex((one) => one.startsWith("-----"));
    return end < 0 ? [] : [rest.slice(0, end).join("")];
  });
}
