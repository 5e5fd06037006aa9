// Drawings as values. The server writes them as text, and the browser makes elements of them (board-history.js), so one
// function draws for both. The browser loads this file as compiled.

export interface Shape {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly children: readonly (Shape | string)[];
}

export const shape = (
  name: string,
  attributes: Shape["attributes"] = {},
  ...children: readonly (Shape | string)[]
): Shape => ({ name, attributes, children });

/** As part of an HTML page. */
export function svgText({ name, attributes, children }: Shape): string {
  const head = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
  const inner = children.map((child) => (typeof child === "string" ? escaped(child) : svgText(child)));
  return `<${name}${head.join("")}>${inner.join("")}</${name}>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");

const PERCENT = 100;
/** `12.35%`: a drawing that is as wide as its frame has no other unit for a place. */
export const percent = (share: number): string => `${Math.round(share * PERCENT * PERCENT) / PERCENT}%`;
