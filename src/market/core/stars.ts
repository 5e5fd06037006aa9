// The filled width of the five stars. The template draws five empty stars, and over them five full ones, clipped to
// this width. The width is an attribute of SVG, so the Content-Security-Policy can forbid inline styles.

/** The drawing: five cells side by side, each with a star and a margin left and right (shape in views/page.njk). */
export const STAR_CELL = 24;
export const STAR_MARGIN = 2;
export const STARS = 5;

/** The clip width over the full stars. Half a star is half of its drawn width, not of its cell. */
export function starsWidth(rating: number): number {
  const stars = Math.min(STARS, Math.max(0, Number.isFinite(rating) ? rating : 0));
  const whole = Math.floor(stars);
  const part = stars - whole;
  if (part === 0) return whole * STAR_CELL;
  const ink = STAR_CELL - 2 * STAR_MARGIN;
  return Math.round((whole * STAR_CELL + STAR_MARGIN + part * ink) * 10) / 10;
}
