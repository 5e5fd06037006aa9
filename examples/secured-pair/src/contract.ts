import { contract, operation } from "datawire-connect";
import * as v from "valibot";

export const inventory = contract("inventory", { count: operation(v.string(), v.number(), { idempotent: true }) });
