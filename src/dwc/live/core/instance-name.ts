// The name of an instance, such as `ratings/2`, and its JSON.

import type { InstanceRef } from "../../../health/member.ts";

export const nameOf = ({ service, instance }: Pick<InstanceRef, "service" | "instance">): string =>
  `${service}/${instance}`;

export const whoJson = ({ service, instance, incarnation, address }: InstanceRef): object => ({
  service,
  instance,
  incarnation,
  address,
});
