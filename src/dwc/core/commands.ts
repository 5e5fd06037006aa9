// All commands of `dwc`, in the order in which a new user needs them.

import { call } from "../live/core/call.ts";
import { check } from "../live/core/check.ts";
import { completion } from "../live/core/completion.ts";
import { events } from "../live/core/events.ts";
import { explain } from "../live/core/explain.ts";
import { fault } from "../live/core/fault.ts";
import { ps } from "../live/core/ps.ts";
import { top } from "../live/core/top.ts";
import { acceptInvitation } from "./accept-invitation.ts";
import type { Command } from "./command.ts";
import { createOrg } from "./create-org.ts";
import { createService } from "./create-service.ts";
import { inviteUser } from "./invite-user.ts";
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
