// A small chart over time: how large the database was at each backup, and what each backup added to the store.
// Drawn in the pixels that it has, so that its letters are as large as the page's. Its words say what it shows.

import { draw, make } from "./dom.js";
import { clock, counted, day, moment, size } from "./words.js";

const HEIGHT = 232;
const SIZES = { top: 20, bottom: 118 };
const ADDED = { top: 150, bottom: 208 };
const INSET = 8;
const LABELS = 64;

/** Draw the backups, oldest first, into a figure. One backup alone is no development: no chart. */
export function showChart(figure, backups) {
  figure.hidden = backups.length < 2;
  if (figure.hidden) return;
  const width = Math.max(240, figure.clientWidth);
  const svg = draw(
    "svg",
    { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-labelledby": "chart-title", "aria-describedby": "chart-says" },
    draw("title", { id: "chart-title" }, "Size and growth over time"),
    draw("desc", { id: "chart-says" }, inWords(backups)),
    ...drawing(backups, width),
  );
  figure.replaceChildren(svg, make("figcaption", {}, key("sized", "size of the database"), key("grown", "added by each backup, on a logarithmic scale")));
}

/** What the chart shows, for those who do not see it. */
export function inWords(backups) {
  const sizes = backups.map((backup) => backup.bytes);
  const added = backups.map((backup) => backup.added).filter((bytes) => bytes !== undefined);
  const together = added.reduce((sum, bytes) => sum + bytes, 0);
  const span = `${day(new Date(backups[0].created))} to ${day(new Date(backups.at(-1).created))}`;
  const grown = `${counted(backups.length, "backup")} from ${span}. The database was ${size(sizes[0])} at the first and ${size(sizes.at(-1))} at the last, at most ${size(Math.max(...sizes))}.`;
  if (added.length === 0) return grown;
  return `${grown} A backup added between ${size(Math.min(...added))} and ${size(Math.max(...added))}, all together ${size(together)}.`;
}

function drawing(backups, width) {
  const times = backups.map((backup) => Date.parse(backup.created));
  const span = times.at(-1) - times[0] || 1;
  const x = (at) => INSET + ((at - times[0]) / span) * (width - LABELS - 2 * INSET);
  const oneDay = day(new Date(times[0])) === day(new Date(times.at(-1)));
  const said = (at) => (oneDay ? clock : day)(new Date(at));
  const largest = Math.max(1, ...backups.map((backup) => backup.bytes));
  const y = (bytes) => SIZES.bottom - (bytes / largest) * (SIZES.bottom - SIZES.top);
  return [
    ...sizeLine(backups, { x, y, width, largest }),
    ...addedBars(backups, { x, width }),
    text(0, HEIGHT - 6, said(times[0])),
    text(width - LABELS, HEIGHT - 6, said(times.at(-1)), "end"),
  ];
}

function sizeLine(backups, { x, y, width, largest }) {
  const points = backups.map((backup) => [x(Date.parse(backup.created)), y(backup.bytes)]);
  const path = points.map(([across, up], place) => `${place ? "L" : "M"}${across.toFixed(1)} ${up.toFixed(1)}`).join("");
  const [first, last] = [points[0][0].toFixed(1), points.at(-1)[0].toFixed(1)];
  return [
    ...ruled(SIZES.top, largest, width),
    ...ruled(SIZES.bottom, 0, width),
    draw("path", { class: "area", d: `${path}L${last} ${SIZES.bottom}L${first} ${SIZES.bottom}Z` }),
    draw("path", { class: "sized", d: path }),
    ...points.map(([across, up], place) => dot(across, up, backups[place])),
  ];
}

/** Bars on a logarithmic scale with ruled powers: the first backup may add thousands of times what the others do. */
function addedBars(backups, { x, width }) {
  const added = backups.filter((backup) => backup.added > 0);
  if (added.length === 0) return [];
  const most = Math.max(...added.map((backup) => backup.added));
  const least = Math.min(...added.map((backup) => backup.added)) / 4;
  const tall = (bytes) => Math.log(bytes / least) / Math.log(most / least);
  const up = (bytes) => ADDED.bottom - tall(bytes) * (ADDED.bottom - ADDED.top);
  const thick = Math.max(2, Math.min(8, ((width - LABELS) / added.length) * 0.4));
  return [
    rule(ADDED.bottom, width),
    ...ruled(ADDED.top, most, width),
    ...powers(least, most).flatMap((bytes) => ruled(up(bytes), bytes, width)),
    ...added.map((backup) => {
      const across = x(Date.parse(backup.created)) - thick / 2;
      const top = up(backup.added);
      return tipped(draw("rect", { class: "grown", x: across, y: top, width: thick, height: ADDED.bottom - top }), backup);
    }),
  ];
}

/** At most two round sizes between the least and the most, far enough from both for a label. */
function powers(least, most) {
  const room = (bytes) => bytes > least * 1.5 && Math.log(most / bytes) > Math.log(most / least) * 0.25;
  for (const step of [4, 32, 1024]) {
    const found = Array.from({ length: 30 }, (_, power) => step ** power).filter(room);
    if (found.length <= 2) return found;
  }
  return [];
}

const dot = (cx, cy, backup) => tipped(draw("circle", { class: "dot", cx, cy, r: 2.5 }), backup);
const rule = (y, width) => draw("line", { class: "rule", x1: 0, x2: width - LABELS, y1: y, y2: y });
const ruled = (y, bytes, width) => [rule(y, width), text(width - LABELS + 6, y + 4, size(bytes).replace(".0", ""))];
const text = (x, y, words, anchor = "start") => draw("text", { x, y, "text-anchor": anchor }, words);
const key = (kind, words) => make("span", { class: `key ${kind}` }, words);

function tipped(shape, backup) {
  shape.append(draw("title", {}, `${moment(new Date(backup.created))}: ${size(backup.bytes)}, added ${size(backup.added)}`));
  return shape;
}
