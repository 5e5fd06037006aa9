// The contestants, in the order of the table. `instances`: the contestant whose instances it calls; two may share them.

export const OURS = "ours";
export const REQUEST = "nc.request";
export const TABLE = "pending table";
export const MICRO = "NATS micro";
export const MOLECULER = "moleculer";

export const CONTESTANTS = [
  { name: OURS, file: "ours.js", instances: OURS, about: "client.ask, everything on" },
  { name: TABLE, file: "nats.js", open: "openTable", instances: REQUEST, about: "bare, over one reply subscription" },
  { name: REQUEST, file: "nats.js", open: "openRequest", instances: REQUEST, about: "best setting (noAsyncTraces)" },
  { name: MICRO, file: "micro.js", instances: MICRO, about: "queue group" },
  { name: MOLECULER, file: "moleculer.js", instances: MOLECULER, about: "round robin and breaker, over NATS" },
  { name: "NestJS", file: "nest.js", instances: "NestJS", about: "queue, over NATS" },
  { name: "grpc-js", file: "grpc.js", instances: "grpc-js", about: "round_robin" },
  { name: "undici", file: "http.js", instances: "undici", about: "HTTP to two servers, in turn" },
];

export const contestant = (name) => CONTESTANTS.find((one) => one.name === name);
