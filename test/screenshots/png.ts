// Makes a PNG small enough for a README: of at most 256 colours, the ones that stand for most of what is in it (median
// cut), each pixel one byte. Reads only what a browser writes: 8 bits a channel, RGB or RGBA, not interlaced.

import { deflateSync, inflateSync } from "node:zlib";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const CHUNK_FRAME = 12;
const CHANNELS_OF_TYPE: Readonly<Record<number, number>> = { 2: 3, 6: 4 };
const INDEXED = 3;
const MOST_COLOURS = 256;
const BEST = 9;
/** Colours that differ by less are counted as one: five bits a channel, 32,768 in all. */
const COARSE_BITS = 5;

interface Picture {
  readonly width: number;
  readonly height: number;
  /** Three bytes a pixel. */
  readonly pixels: Uint8Array;
}

type Colour = readonly [number, number, number];

interface Bin {
  readonly colour: Colour;
  readonly key: number;
  readonly count: number;
}

export function smallPng(png: Buffer): Buffer {
  const { width, height, pixels } = readPng(png);
  const { palette, indexOf } = quantise(pixels);
  const rows = Buffer.alloc((width + 1) * height);
  for (let at = 0, out = 0; at < width * height; at++) {
    if (at % width === 0) out += 1; // a row begins with its filter, 0: none
    rows[out] = indexOf[coarse(pixels, at * 3)] ?? 0;
    out += 1;
  }
  const head = Buffer.from(png.subarray(SIGNATURE.length + 8, SIGNATURE.length + 8 + 13));
  head[9] = INDEXED;
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", head),
    chunk("PLTE", Buffer.from(palette.flat())),
    chunk("IDAT", deflateSync(rows, { level: BEST })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

// Reading.

function readPng(png: Buffer): Picture {
  const data: Buffer[] = [];
  let [width, height, channels] = [0, 0, 0];
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const type = png.toString("latin1", at + 4, at + 8);
    const body = png.subarray(at + 8, at + 8 + length);
    if (type === "IHDR") {
      [width, height] = [body.readUInt32BE(0), body.readUInt32BE(4)];
      channels = body[8] === 8 && body[12] === 0 ? (CHANNELS_OF_TYPE[body[9] ?? 0] ?? 0) : 0;
      if (channels === 0) throw new Error("png: of a kind that no browser writes");
    }
    if (type === "IDAT") data.push(body);
    at += length + CHUNK_FRAME;
  }
  return { width, height, pixels: unfilter(inflateSync(Buffer.concat(data)), width, height, channels) };
}

function unfilter(raw: Buffer, width: number, height: number, channels: number): Uint8Array {
  const stride = width * channels;
  const pixels = new Uint8Array(width * height * 3);
  let above = new Uint8Array(stride);
  for (let row = 0; row < height; row++) {
    const start = row * (stride + 1);
    const filter = raw[start] ?? 0;
    const line = new Uint8Array(stride);
    for (let at = 0; at < stride; at++) {
      const left = at < channels ? 0 : (line[at - channels] ?? 0);
      const corner = at < channels ? 0 : (above[at - channels] ?? 0);
      line[at] = (raw[start + 1 + at] ?? 0) + predicted(filter, left, above[at] ?? 0, corner);
    }
    for (let at = 0; at < width; at++)
      for (let channel = 0; channel < 3; channel++)
        pixels[(row * width + at) * 3 + channel] = line[at * channels + channel] ?? 0;
    above = line;
  }
  return pixels;
}

function predicted(filter: number, left: number, above: number, corner: number): number {
  switch (filter) {
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return (left + above) >> 1;
    case 4:
      return paeth(left, above, corner);
    default:
      return 0;
  }
}

function paeth(left: number, above: number, corner: number): number {
  const guess = left + above - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? above : corner;
}

// Choosing colours.

const coarse = (pixels: Uint8Array, at: number): number => {
  const shift = 8 - COARSE_BITS;
  const [red = 0, green = 0, blue = 0] = [pixels[at], pixels[at + 1], pixels[at + 2]];
  return ((red >> shift) << (2 * COARSE_BITS)) | ((green >> shift) << COARSE_BITS) | (blue >> shift);
};

function quantise(pixels: Uint8Array): { readonly palette: Colour[]; readonly indexOf: Uint8Array } {
  let boxes: Bin[][] = [binsOf(pixels)];
  while (boxes.length < MOST_COLOURS) {
    const widest = boxes.filter(({ length }) => length > 1).sort((a, b) => weight(b) - weight(a))[0];
    if (widest === undefined) break;
    boxes = [...boxes.filter((box) => box !== widest), ...halves(widest)];
  }
  const indexOf = new Uint8Array(2 ** (3 * COARSE_BITS));
  for (const [index, box] of boxes.entries()) for (const { key } of box) indexOf[key] = index;
  return { palette: boxes.map(mean), indexOf };
}

/** Each coarse colour with the mean of what is in it. */
function binsOf(pixels: Uint8Array): Bin[] {
  const sums = new Map<number, [number, number, number, number]>();
  for (let at = 0; at < pixels.length; at += 3) {
    const key = coarse(pixels, at);
    const sum = sums.get(key) ?? [0, 0, 0, 0];
    for (let channel = 0; channel < 3; channel++) sum[channel] = (sum[channel] ?? 0) + (pixels[at + channel] ?? 0);
    sum[3] += 1;
    sums.set(key, sum);
  }
  return [...sums].map(([key, [red, green, blue, count]]) => ({
    ...{ key, count },
    colour: [red / count, green / count, blue / count],
  }));
}

const channelsOf = [0, 1, 2] as const;
const spread = (box: readonly Bin[], channel: 0 | 1 | 2): number => {
  const values = box.map(({ colour }) => colour[channel]);
  return Math.max(...values) - Math.min(...values);
};
/** What is large, or seen often, is split first. */
const weight = (box: readonly Bin[]): number =>
  Math.max(...channelsOf.map((channel) => spread(box, channel))) *
  Math.sqrt(box.reduce((sum, { count }) => sum + count, 0));

function halves(box: readonly Bin[]): [Bin[], Bin[]] {
  const channel = [...channelsOf].sort((a, b) => spread(box, b) - spread(box, a))[0] ?? 0;
  const sorted = [...box].sort((a, b) => a.colour[channel] - b.colour[channel]);
  const middle = Math.ceil(sorted.length / 2);
  return [sorted.slice(0, middle), sorted.slice(middle)];
}

function mean(box: readonly Bin[]): Colour {
  const total = box.reduce((sum, { count }) => sum + count, 0);
  const of = (channel: 0 | 1 | 2): number =>
    Math.round(box.reduce((sum, { colour, count }) => sum + colour[channel] * count, 0) / total);
  return [of(0), of(1), of(2)];
}

function chunk(type: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), body]);
  const frame = Buffer.alloc(CHUNK_FRAME + body.length);
  frame.writeUInt32BE(body.length, 0);
  named.copy(frame, 4);
  frame.writeUInt32BE(crc(named), body.length + 8);
  return frame;
}

/** As the format asks for it; the platform's own came with a later Node. */
function crc(bytes: Buffer): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}
