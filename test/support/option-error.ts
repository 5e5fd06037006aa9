// The error of an option that breaks its rule.

import * as assert from "uvu/assert";

/** The message of what is thrown; "taken" if nothing is. */
export async function messageOf(act: () => unknown): Promise<string> {
  try {
    await act();
    return "taken";
  } catch (error) {
    assert.instance(error, TypeError, String(error));
    return (error as Error).message;
  }
}
