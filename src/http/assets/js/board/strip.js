// What came and what was assigned over the last half hour.

import { h, svg, text } from "../dom.js";
import { number } from "../format.js";
import { niceCeiling } from "../report/scale.js";
import { language, t } from "../texts.js";

export function stripPanel() {
  const arrived = h("b", {}, "0");
  const assigned = h("b", {}, "0");
  // It is a picture, and says of what, once something is drawn.
  const chart = h("div", { class: "chart" });
  const element = h("section", { class: "panel flow", "aria-labelledby": "flow-title" },
    h("h2", { id: "flow-title" }, t("strip.title")),
    h("p", { class: "legend" }, h("span", { class: "key key-arrived" }), t("strip.came"), arrived, h("span", { class: "key key-assigned" }), t("strip.assigned"), assigned),
    chart);
  const parts = { chart, arrived, assigned, key: "", width: 0, height: 0 };
  let strip = null;
  // Whoever asks an element for its size has the whole page laid out: here it is told.
  const sizes = new ResizeObserver(([{ contentRect: { width, height } }]) => {
    Object.assign(parts, { width, height });
    if (strip) drawStrip(parts, strip);
  });
  sizes.observe(chart);
  return {
    element,
    draw(live) {
      strip = live.strip;
      if (strip) drawStrip(parts, strip);
    },
    end: () => sizes.disconnect(),
  };
}

const sum = (counts) => counts.reduce((total, count) => total + count, 0);

function drawStrip(parts, strip) {
  text(parts.arrived, number(sum(strip.arrived)));
  text(parts.assigned, number(sum(strip.assigned)));
  const { width, height } = parts;
  if (width < 50 || height < 50) return;
  const key = JSON.stringify([width, height, strip, language().code]);
  if (parts.key === key) return;
  parts.key = key;
  const minutes = Math.round((strip.arrived.length * strip.step_ms) / 60_000);
  parts.chart.setAttribute("role", "img");
  parts.chart.setAttribute("aria-label", t("strip.spoken", { minutes, came: sum(strip.arrived), assigned: sum(strip.assigned) }));
  parts.chart.replaceChildren(picture(strip, width, height, minutes));
}

function picture({ arrived, assigned }, width, height, minutes) {
  const [top, bottom, left] = [8, height - 26, 62];
  const peak = niceCeiling(Math.max(4, ...arrived, ...assigned));
  const step = (width - left) / arrived.length;
  const y = (count) => bottom - ((bottom - top) * count) / peak;
  const drawing = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", direction: "ltr" });
  for (const level of [0, peak / 2, peak]) {
    drawing.append(svg("line", { class: "grid-line", x1: left, x2: width, y1: y(level), y2: y(level) }),
      svg("text", { class: "axis", x: left - 8, y: y(level) + 5, "text-anchor": "end" }, number(level)));
  }
  arrived.forEach((count, place) => {
    if (count) drawing.append(svg("rect", { class: "bar-arrived", x: left + place * step + 1, y: y(count), width: Math.max(1, step - 2), height: bottom - y(count), rx: 2 }));
  });
  const points = assigned.map((count, place) => `${left + (place + 0.5) * step},${y(count)}`);
  drawing.append(svg("polyline", { class: "line-assigned", points: points.join(" ") }));
  for (const [share, anchor] of [[0, "start"], [0.5, "middle"], [1, "end"]]) {
    const label = share === 1 ? t("strip.now") : t("strip.ago", { minutes: Math.round(minutes * (1 - share)) });
    drawing.append(svg("text", { class: "axis", x: left + (width - left) * share, y: height - 6, "text-anchor": anchor }, label));
  }
  return drawing;
}
