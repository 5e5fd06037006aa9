// All that `dwc` can do, in the order in which a person meets it.

import { acceptInvitation } from "./accept-invitation.ts";
import type { Command } from "./command.ts";
import { createOrg } from "./create-org.ts";
import { createService } from "./create-service.ts";
import { inviteUser } from "./invite-user.ts";
import { call } from "./live/call.ts";
import { check } from "./live/check.ts";
import { completion } from "./live/completion.ts";
import { events } from "./live/events.ts";
import { explain } from "./live/explain.ts";
import { fault } from "./live/fault.ts";
import { ps } from "./live/ps.ts";
import { top } from "./live/top.ts";
import { login } from "./login.ts";
import { logout } from "./logout.ts";
import { natsConfig } from "./nats-config.ts";
import { push } from "./push.ts";
import { renew } from "./renew.ts";
import { revoke } from "./revoke.ts";
import { serviceToken } from "./service-token.ts";
import { status } from "./status.ts";

export const COMMANDS: readonly Command[] = [
  createOrg,
  createService,
  serviceToken,
  status,
  inviteUser,
  acceptInvitation,
  login,
  logout,
  revoke,
  renew,
  push,
  natsConfig,
  check,
  ps,
  top,
  explain,
  events,
  call,
  fault,
  completion,
];
