// How an instance is called: `ratings/2`, as it can be typed.

import type { InstanceRef } from "../../../health/member.ts";

export const nameOf = ({ service, instance }: Pick<InstanceRef, "service" | "instance">): string =>
  `${service}/${instance}`;

export const whoJson = ({ service, instance, incarnation, address }: InstanceRef): object => ({
  service,
  instance,
  incarnation,
  address,
});
