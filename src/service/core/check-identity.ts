// Checks the values that identify an instance. Subjects, heartbeats and the replies of the NATS service protocol (ADR-32)
// contain them, and a receiver ignores the whole message if one of them breaks its rule.

import { checkServiceName, isIncarnationId, type NameCheck } from "../../bus/core/subjects.ts";
import { MAX_INSTANCE, MAX_INTERVAL_MS, MAX_VERSION_LENGTH, MIN_INTERVAL_MS } from "../../health/heartbeat.ts";
import { isIntegerIn } from "../../util/json.ts";
import { quoted } from "../../util/printable.ts";

/** Unchecked: plain JavaScript can pass any value. */
export interface GivenIdentity {
  readonly service: unknown;
  readonly instance: unknown;
  readonly incarnation: unknown;
  readonly version: unknown;
  readonly heartbeatIntervalMs: unknown;
}

/** The grammar of https://semver.org: three numbers, and optionally a pre-release and a build. */
const NUMBER = "(?:0|[1-9]\\d*)";
const PRE_RELEASE_PART = `(?:${NUMBER}|\\d*[A-Za-z-][\\dA-Za-z-]*)`;
const BUILD = "[\\dA-Za-z-]+(?:\\.[\\dA-Za-z-]+)*";
const SEMVER = new RegExp(
  `^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-${PRE_RELEASE_PART}(?:\\.${PRE_RELEASE_PART})*)?(?:\\+${BUILD})?$`,
);

/** @returns the first broken rule, with the value that breaks it */
export function checkIdentity(given: GivenIdentity): NameCheck {
  const { service, instance, incarnation, version, heartbeatIntervalMs } = given;
  if (typeof service !== "string") return bad(`service name ${shown(service)} must be a text`);
  const name = checkServiceName(service);
  if (name.kind === "bad") return name;
  if (!isIntegerIn(instance, 1, MAX_INSTANCE))
    return bad(`instance ${shown(instance)} must be a whole number from 1 to ${MAX_INSTANCE}`);
  if (typeof incarnation !== "string" || !isIncarnationId(incarnation))
    return bad(`incarnation ${shown(incarnation)} must be 1 to 64 letters, digits, - and _`);
  if (!isVersion(version))
    return bad(
      `version ${shown(version)} must be a semantic version of up to ${MAX_VERSION_LENGTH} characters, such as 1.2.3 or 1.2.3-beta.1`,
    );
  if (!isIntegerIn(heartbeatIntervalMs, MIN_INTERVAL_MS, MAX_INTERVAL_MS))
    return bad(
      `heartbeatIntervalMs ${shown(heartbeatIntervalMs)} must be a whole number from ${MIN_INTERVAL_MS} to ${MAX_INTERVAL_MS}`,
    );
  return name;
}

/** The length is checked first, so that the regular expression never reads a long text. */
const isVersion = (version: unknown): boolean =>
  typeof version === "string" && version.length <= MAX_VERSION_LENGTH && SEMVER.test(version);

const bad = (why: string): NameCheck => ({ kind: "bad", why });

function shown(value: unknown): string {
  if (typeof value === "string") return quoted(value, MAX_VERSION_LENGTH);
  return typeof value === "number" ? String(value) : `of type ${value === null ? "null" : typeof value}`;
}
