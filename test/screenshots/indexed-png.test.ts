// A picture with a palette has the colours of the picture that it is made of, as far as 256 are enough.

import { deflateSync, inflateSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { chunk, chunksOf, SIGNATURE, toIndexedPng } from "./indexed-png.ts";

const test = suite("a PNG with a palette");

type Pixel = readonly [red: number, green: number, blue: number];

const WIDTH = 5;

/** @param rows each begins with its filter */
function pngOf(rows: readonly (readonly number[])[]): Buffer {
  const header = Buffer.from([0, 0, 0, WIDTH, 0, 0, 0, rows.length, 8, 2, 0, 0, 0]);
  const data = deflateSync(Buffer.from(rows.flat()));
  return Buffer.concat([SIGNATURE, chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0))]);
}

function pixelsOf(indexed: Buffer): readonly Pixel[] {
  const { PLTE = Buffer.alloc(0), IDAT = Buffer.alloc(0) } = Object.fromEntries(chunksOf(indexed));
  return [...inflateSync(IDAT)]
    .filter((_, at) => at % (WIDTH + 1) !== 0)
    .map((index) => [PLTE[index * 3] ?? 0, PLTE[index * 3 + 1] ?? 0, PLTE[index * 3 + 2] ?? 0]);
}

/** The same row five times, each with another filter of the format. */
const ROW = [10, 20, 30, 13, 24, 35, 16, 28, 40, 19, 32, 45, 22, 36, 50];
const DELTA = ROW.map((byte, at) => byte - (ROW[at - 3] ?? 0));
const ZEROS = ROW.map(() => 0);
const averaged = ROW.map((byte, at) => (byte - (((ROW[at - 3] ?? 0) + byte) >> 1)) & 0xff);

test("every filter of the format is read, and few colours stay as they are", () => {
  const png = pngOf([
    [0, ...ROW],
    [1, ...DELTA],
    [2, ...ZEROS],
    [3, ...averaged],
    [4, ...ZEROS],
  ]);
  const row: readonly Pixel[] = [0, 3, 6, 9, 12].map((at) => [ROW[at] ?? 0, ROW[at + 1] ?? 0, ROW[at + 2] ?? 0]);
  assert.equal(pixelsOf(toIndexedPng(png)), [row, row, row, row, row].flat());
});

test("of more than 256 colours each is close to its own", () => {
  const rows = Array.from({ length: 200 }, (_, row) =>
    Array.from({ length: WIDTH }, (__, column): Pixel => [row, row, column * 2]),
  );
  const shown = pixelsOf(toIndexedPng(pngOf(rows.map((row) => [0, ...row.flat()]))));
  const differences = rows.flat().map((pixel, at) => pixel.map((byte, channel) => byte - (shown[at]?.[channel] ?? 0)));
  assert.is(new Set(shown.map(String)).size, 256);
  assert.ok(Math.max(...differences.flat().map(Math.abs)) <= 4);
});

test.run();
