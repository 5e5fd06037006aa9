// The command that starts an instance. dwc knows it only for the Ratings service of this project, and not for other
// services or other implementations.

/** The service that `make startRatings` starts. */
export const OWN_SERVICE = "ratings";

interface Started {
  readonly instance: number;
  readonly incarnation: string;
}

/** An incarnation of this project begins with the number of its instance (docs/protocol.md). */
export const isOwnMake = (service: string, { instance, incarnation }: Started): boolean =>
  service === OWN_SERVICE && incarnation.startsWith(`${instance}-`);

/** Starts the instance of a process that has ended. */
export const startAgain = (service: string, started: Started): string =>
  isOwnMake(service, started)
    ? `make startRatings INSTANCE=${started.instance}`
    : "start it again, in the way it was started before";

/** Starts instances of a service that has none. */
export const startSome = (service: string): string =>
  service === OWN_SERVICE ? "to start three instances, type  make startRatings COUNT=3" : `start one of ${service}`;
