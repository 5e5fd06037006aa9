// What a service's handler makes of a request. Pure values, so that what a service decides needs no bus to be tested.

/** An answer, or an error in the terms of HTTP: 404 unknown, 400 bad request. */
export type Handled =
  | { readonly kind: "answer"; readonly body: object }
  | { readonly kind: "refusal"; readonly code: number; readonly message: string };

/** Gets the decoded body, whatever it is. What it throws becomes a 500 reply and a counted error. */
export type Handler = (request: unknown) => Handled | Promise<Handled>;

export const answer = (body: object): Handled => ({ kind: "answer", body });
export const refuse = (code: number, message: string): Handled => ({ kind: "refusal", code, message });
