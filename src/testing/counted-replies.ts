// Reply subjects whose tokens are counted, so that a test or a simulated day has the same ones in every run.

import { REPLY_ROOT } from "../bus/core/credentials.ts";
import { type ReplySubjects, replySubjects } from "../bus/reply-subjects.ts";

export function countedReplies(caller = "caller"): ReplySubjects {
  let count = 0;
  const newToken = (): string => {
    count += 1;
    return count.toString(36);
  };
  return replySubjects({ root: REPLY_ROOT, caller, newToken });
}
