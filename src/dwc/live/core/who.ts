// How an instance is called: `ratings/2`, as it can be typed.

import type { Who } from "../../../health/member.ts";

export const nameOf = ({ service, instance }: Pick<Who, "service" | "instance">): string => `${service}/${instance}`;

export const whoJson = ({ service, instance, incarnation, address }: Who): object => ({
  service,
  instance,
  incarnation,
  address,
});
