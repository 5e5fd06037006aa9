// The page as written with Express and EJS: four ratings by request() at once, no health, no store. The same things
// with the same texts as the Market's; a missing rating is left out.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import express from "express";
import { openRequest } from "../contestants/nats.js";

const catalogue = JSON.parse(readFileSync(join(import.meta.dirname, "../../src/market/catalogue.json"), "utf8"));
const things = Object.entries(catalogue).map(([id, thing]) => ({ id, ...thing }));
const { ask } = await openRequest({ server: process.env.NATS_URL });

const app = express();
// As in production (NODE_ENV), so its views are compiled once. Without the ETag, which it would compute for every page:
// the Market's pages have none.
app.disable("etag");
app.set("view engine", "ejs");
app.set("views", import.meta.dirname);
app.get("/", async (_request, response) => {
  const asked = await Promise.all(things.map(({ id }) => ask(id).catch(() => undefined)));
  response.render("page", { things: things.map((thing, index) => ({ ...thing, rating: asked[index]?.rating })) });
});
app.listen(Number(process.env.PORT), "127.0.0.1");
