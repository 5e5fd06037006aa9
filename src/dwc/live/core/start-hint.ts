// The command that starts an instance. The command is known of the Ratings service of this project alone. Another service,
// or an instance of another make, was started in a way that is not known here.

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

/** Starts instances of a service of which none is there. */
export const startSome = (service: string): string =>
  service === OWN_SERVICE ? "to start three instances, type  make startRatings COUNT=3" : `start one of ${service}`;
