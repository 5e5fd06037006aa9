// A PNG with a palette of 256 colours, made of one with all colours. A screenshot shrinks to less than half by it.

import { crc32, deflateSync, inflateSync } from "node:zlib";

export const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const MAX_COLOURS = 256;
const CHANNELS = 3;
const INDEXED = 3;
/** Channels of a pixel by the PNG's colour type: RGB, and RGB with alpha. */
const CHANNELS_OF_TYPE = new Map([
  [2, 3],
  [6, 4],
]);

interface Picture {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue of each pixel, row by row. */
  readonly rgb: Uint8Array;
}

/** A cluster of similar colours, each with its number of pixels. */
interface Cluster {
  readonly colours: readonly (readonly [colour: number, pixels: number])[];
  readonly mean: readonly number[];
  /** The squared distances of its pixels from the mean, in each channel. */
  readonly errors: readonly number[];
}

/** Alpha is dropped: a screenshot has no transparent pixel. */
export function toIndexedPng(png: Uint8Array): Buffer {
  const picture = readPng(Buffer.from(png));
  const colours = countColours(picture.rgb);
  const clusters = clustersOf(colours);
  return writePng(picture, clusters);
}

// Reading.

/** The parts of a PNG file, in order: kind and data. */
export function chunksOf(png: Buffer): readonly (readonly [kind: string, data: Buffer])[] {
  const chunks: [string, Buffer][] = [];
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    chunks.push([png.toString("latin1", at + 4, at + 8), png.subarray(at + 8, at + 8 + length)]);
    at += length + 12;
  }
  return chunks;
}

function readPng(png: Buffer): Picture {
  const chunks = chunksOf(png);
  const dataOf = (wanted: string): Buffer =>
    Buffer.concat(chunks.filter(([kind]) => kind === wanted).map(([, data]) => data));
  const header = dataOf("IHDR");
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const channels = CHANNELS_OF_TYPE.get(header.readUInt8(9));
  if (header.readUInt8(8) !== 8 || channels === undefined)
    throw new Error("a PNG with 8 bits of RGB or RGBA is needed");
  const rows = unfilter(inflateSync(dataOf("IDAT")), width * channels, channels);
  const rgb = new Uint8Array(width * height * CHANNELS);
  for (let pixel = 0; pixel < width * height; pixel++)
    rgb.set(rows.subarray(pixel * channels, pixel * channels + CHANNELS), pixel * CHANNELS);
  return { width, height, rgb };
}

/** Each row begins with the number of its filter, which predicts a byte from its neighbours (PNG, section 9). */
function unfilter(filtered: Buffer, rowLength: number, channels: number): Uint8Array {
  const height = filtered.length / (rowLength + 1);
  const plain = new Uint8Array(height * rowLength);
  for (let row = 0; row < height; row++) {
    const filter = filtered[row * (rowLength + 1)];
    for (let column = 0; column < rowLength; column++) {
      const at = row * rowLength + column;
      const left = column < channels ? 0 : (plain[at - channels] ?? 0);
      const up = row === 0 ? 0 : (plain[at - rowLength] ?? 0);
      const upLeft = row === 0 || column < channels ? 0 : (plain[at - rowLength - channels] ?? 0);
      plain[at] = (filtered[row * (rowLength + 1) + 1 + column] ?? 0) + predict(filter, left, up, upLeft);
    }
  }
  return plain;
}

function predict(filter: number | undefined, left: number, up: number, upLeft: number): number {
  switch (filter) {
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    case 4: {
      const [a, b, c] = [Math.abs(up - upLeft), Math.abs(left - upLeft), Math.abs(left + up - 2 * upLeft)];
      return a <= b && a <= c ? left : b <= c ? up : upLeft;
    }
    default:
      return 0;
  }
}

// Choosing the colours.

const channelOf = (colour: number, channel: number): number => (colour >> (16 - 8 * channel)) & 0xff;
const colourAt = (rgb: Uint8Array, at: number): number =>
  ((rgb[at] ?? 0) << 16) | ((rgb[at + 1] ?? 0) << 8) | (rgb[at + 2] ?? 0);

function countColours(rgb: Uint8Array): ReadonlyMap<number, number> {
  const pixels = new Map<number, number>();
  for (let at = 0; at < rgb.length; at += CHANNELS) {
    const colour = colourAt(rgb, at);
    pixels.set(colour, (pixels.get(colour) ?? 0) + 1);
  }
  return pixels;
}

function clusterOf(colours: Cluster["colours"]): Cluster {
  const pixels = colours.reduce((sum, [, count]) => sum + count, 0);
  const mean = [0, 1, 2].map(
    (channel) => colours.reduce((sum, [colour, count]) => sum + channelOf(colour, channel) * count, 0) / pixels,
  );
  const errors = mean.map((middle, channel) =>
    colours.reduce((sum, [colour, count]) => sum + (channelOf(colour, channel) - middle) ** 2 * count, 0),
  );
  return { colours, mean, errors };
}

/** The cluster with the largest error is split in two at its mean, until there are 256, or no error is left. */
function clustersOf(colours: ReadonlyMap<number, number>): readonly Cluster[] {
  const clusters = [clusterOf([...colours])];
  while (clusters.length < MAX_COLOURS) {
    const worst = clusters.reduce((one, other) => (Math.max(...other.errors) > Math.max(...one.errors) ? other : one));
    const error = Math.max(...worst.errors);
    if (error === 0) break;
    const channel = worst.errors.indexOf(error);
    const isLow = ([colour]: readonly [number, number]): boolean =>
      channelOf(colour, channel) <= (worst.mean[channel] ?? 0);
    const low = worst.colours.filter(isLow);
    const high = worst.colours.filter((one) => !isLow(one));
    clusters.splice(clusters.indexOf(worst), 1, clusterOf(low), clusterOf(high));
  }
  return clusters;
}

// Writing.

function writePng({ width, height, rgb }: Picture, clusters: readonly Cluster[]): Buffer {
  const indices = new Map(
    clusters.flatMap(({ colours }, index) => colours.map(([colour]) => [colour, index] as const)),
  );
  const rows = Buffer.alloc(height * (width + 1));
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++)
      rows[row * (width + 1) + 1 + column] = indices.get(colourAt(rgb, (row * width + column) * CHANNELS)) ?? 0;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, INDEXED], 8);
  const palette = Buffer.from(clusters.flatMap(({ mean }) => mean.map(Math.round)));
  const data = deflateSync(rows, { level: 9, memLevel: 9 });
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("PLTE", palette),
    chunk("IDAT", data),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

export function chunk(kind: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
