// The right to send fault commands on a bus with logins.

import { allowsSending, type Credentials } from "../../bus/core/credentials.ts";
import { chaosSubject } from "../../bus/core/subjects.ts";

const ANY_CHAOS = chaosSubject("*", "*");

/**
 * Whether the server would accept fault commands of this client. Checked first, because a denial would not be an answer.
 * @param secured whether the bus requires logins
 */
export const maySendFaults = (secured: boolean | undefined, credentials: Credentials | undefined): boolean =>
  secured !== true || credentials === undefined || allowsSending(credentials, ANY_CHAOS);
