// All commands of `dwc`, in the order in which a new user needs them.

import type { Command } from "../cli/core/command.ts";
import { call } from "./call.ts";
import { check } from "./check.ts";
import { completion } from "./completion.ts";
import { events } from "./events.ts";
import { explain } from "./explain.ts";
import { fault } from "./fault.ts";
import { login, logout } from "./login.ts";
import { acceptInvitation, createOrg, inviteUser } from "./org.ts";
import { ps } from "./ps.ts";
import { push, renew, revoke } from "./revoke.ts";
import { createService, natsConfig, serviceToken } from "./service.ts";
import { status } from "./status.ts";
import { top } from "./top.ts";

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
