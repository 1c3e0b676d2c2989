// One plot over time, drawn by hand: bars, lines told apart by their dashes as well as by colour, a legend, a value on pointing.

import { h, svg, text } from "../dom.js";
import { t } from "../texts.js";
import { niceCeiling } from "./scale.js";

const [WIDTH, HEIGHT] = [720, 260];
const [LEFT, RIGHT, TOP, BOTTOM] = [86, 8, 12, 30];
const LABELS_MAX = 8;

/** `shape` says which members are drawn and how; `rows` are the hours or days. */
export function plot(shape, title, rows, label) {
  const values = [...(shape.bars ? [shape.bars] : []), ...shape.lines.map(([member]) => member)].flatMap((member) => rows.map((row) => row[member] ?? 0));
  const peak = shape.peak ?? niceTime(shape.key, Math.max(...values, 1));
  const step = (WIDTH - LEFT - RIGHT) / Math.max(1, rows.length);
  const x = (place) => LEFT + (place + 0.5) * step;
  const y = (value) => HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * Math.min(value, peak)) / peak;
  const drawing = svg("svg", { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": t("plot.spoken", { title }), direction: "ltr" });
  axes(drawing, { peak, unit: shape.axis ?? shape.unit, rows, label, x, y });
  if (shape.bars) rows.forEach((row, place) => {
    const value = row[shape.bars] ?? 0;
    if (value > 0) drawing.append(svg("rect", { class: "bar-arrived", x: LEFT + place * step + step * 0.1, y: y(value), width: Math.max(1, step * 0.8), height: HEIGHT - BOTTOM - y(value), rx: Math.min(2, step / 4) }));
  });
  shape.lines.forEach(([member, style], place) => drawLine(drawing, rows, member, `series series-${place} ${style}`, x, y));
  const told = h("p", { class: "plot-told", "aria-hidden": "true" });
  pointing(drawing, told, { shape, rows, label, step });
  return h("figure", { class: "plot-box" }, legend(shape), drawing, told);
}

/** Waits have axes of whole seconds, minutes and hours. */
function niceTime(key, peak) {
  if (key !== "waits") return niceCeiling(peak);
  const unit = peak > 7_200_000 ? 3_600_000 : peak > 120_000 ? 60_000 : 1_000;
  return niceCeiling(Math.max(1, peak / unit)) * unit;
}

function axes(drawing, { peak, unit, rows, label, x, y }) {
  for (const level of [0, peak / 2, peak]) {
    drawing.append(svg("line", { class: "grid-line", x1: LEFT, x2: WIDTH - RIGHT, y1: y(level), y2: y(level) }),
      svg("text", { class: "axis", x: LEFT - 8, y: y(level) + 4, "text-anchor": "end" }, isolated(unit(Math.round(level)))));
  }
  const every = Math.max(1, Math.ceil(rows.length / LABELS_MAX));
  rows.forEach((row, place) => {
    if (place % every === 0) drawing.append(svg("text", { class: "axis", x: x(place), y: HEIGHT - 8, "text-anchor": "middle" }, label(row)));
  });
}

/** In the direction of its own letters, inside a drawing that goes from left to right. */
const isolated = (words) => `\u2068${words}\u2069`;

/** A line breaks where there is nothing to say; a single hour is a point. */
function drawLine(drawing, rows, member, className, x, y) {
  let points = [];
  const end = () => {
    if (points.length > 1) drawing.append(svg("polyline", { class: className, points: points.join(" ") }));
    else if (points.length === 1) {
      const [cx, cy] = points[0].split(",");
      drawing.append(svg("circle", { class: className, cx, cy, r: 3 }));
    }
    points = [];
  };
  rows.forEach((row, place) => {
    if (row[member] == null) end();
    else points.push(`${x(place).toFixed(1)},${y(row[member]).toFixed(1)}`);
  });
  end();
}

function legend(shape) {
  const line = ([member, style], place) => h("li", {}, svg("svg", { width: 28, height: 10, "aria-hidden": "true" }, svg("line", { class: `series series-${place} ${style}`, x1: 0, x2: 28, y1: 5, y2: 5 })), t(`column.${member}`));
  const bars = shape.bars ? [h("li", {}, h("span", { class: "key key-arrived" }), t(`column.${shape.bars}`))] : [];
  return h("ul", { class: "plot-legend" }, bars, shape.lines.map(line));
}

function pointing(drawing, told, { shape, rows, label, step }) {
  const members = [...(shape.bars ? [shape.bars] : []), ...shape.lines.map(([member]) => member)];
  drawing.addEventListener("pointermove", (move) => {
    const box = drawing.getBoundingClientRect();
    const place = Math.floor((((move.clientX - box.left) / box.width) * WIDTH - LEFT) / step);
    const row = rows[place];
    text(told, row ? `${label(row)} · ${members.map((member) => `${t(`column.${member}`)} ${row[member] == null ? "–" : shape.unit(row[member])}`).join(" · ")}` : "");
  });
  drawing.addEventListener("pointerleave", () => text(told, ""));
}
