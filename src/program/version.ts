// The version of the whole, as heartbeats and the service verbs carry it. A test compares it with package.json.

export const VERSION = "1.0.0";
