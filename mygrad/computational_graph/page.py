"""The style sheets, the script and the page around a drawing; what a browser gets."""

__all__ = ["PAGE", "SVG_STYLE"]

SVG_STYLE = """
.graph { --ground: #fafbfc; --ink: #1d2430; --soft: #5d6778; --line: #9ba5b5; --lit: #0b63c5;
  --leaf: #e2f3e7; --leaf-line: #35884f; --inner: #ffffff; --inner-line: #b4bcc9;
  --constant: #eff0f3; --constant-line: #989fac; --op: #2c66ab; --op-ink: #ffffff;
  --write: #b4530f; --bad: #c81e3a; --block: #dfeaf8;
  background: var(--ground); color: var(--ink);
  font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
@media (prefers-color-scheme: dark) {
.graph { --ground: #14181f; --ink: #e4e8ee; --soft: #9aa5b5; --line: #667083; --lit: #6cb2ff;
  --leaf: #1b3a27; --leaf-line: #5fbf80; --inner: #20262f; --inner-line: #56606f;
  --constant: #23262c; --constant-line: #7a8291; --op: #3b7bc8; --op-ink: #ffffff;
  --write: #c8651d; --bad: #ff6b81; --block: #1e3350; } }
.node rect { fill: var(--inner); stroke: var(--inner-line); stroke-width: 1.2; }
.node text { fill: var(--ink); text-anchor: middle; dominant-baseline: central; }
.node .small { fill: var(--soft); font-size: 10px; }
.node .name { font-weight: 600; }
.leaf rect { fill: var(--leaf); stroke: var(--leaf-line); }
.constant rect { fill: var(--constant); stroke: var(--constant-line); stroke-dasharray: 4 3; }
.result rect { stroke: var(--ink); stroke-width: 2; }
.op rect { fill: var(--op); stroke: var(--op); }
.op text, .op .small { fill: var(--op-ink); }
.view rect, .read rect { fill: var(--ground); }
.view text, .read text { fill: var(--op); }
.view .small, .read .small { fill: var(--soft); }
.write rect { fill: var(--write); stroke: var(--write); }
.bad rect { stroke: var(--bad); stroke-width: 2; }
.block rect { fill: var(--block); stroke: var(--op); stroke-width: 1.6; }
.block text, .block .small { fill: var(--ink); }
.off { display: none; }
.edge { fill: none; stroke: var(--line); stroke-width: 1.3; marker-end: url(#arrow); }
.faint { stroke-opacity: 0.22; marker-end: none; }
.faint.lit { stroke-opacity: 1; }
.arrow { fill: var(--line); }
"""

PAGE_STYLE = """
:root { color-scheme: light dark; }
html, body { height: 100%; margin: 0; }
body { display: flex; overflow: hidden; }
body, button { font: 13px/1.45 system-ui, sans-serif; color: var(--ink); }
main { position: relative; flex: 1; min-width: 0; }
svg.graph { position: absolute; inset: 0; width: 100%; height: 100%; display: block;
  cursor: grab; touch-action: none; user-select: none; }
svg.graph.dragged { cursor: grabbing; }
svg.graph:focus-visible { outline: 2px solid var(--lit); outline-offset: -2px; }
.node { cursor: pointer; outline: none; }
.node:hover rect { filter: brightness(0.95); }
.node.chosen rect, .node:focus-visible rect { stroke: var(--lit); stroke-width: 3; }
.edge.lit { stroke: var(--lit); stroke-width: 2.2; }
.tools { position: absolute; left: 12px; top: 12px; display: flex; gap: 4px; }
.tools button { min-width: 30px; height: 30px; padding: 0 9px; border-radius: 7px;
  border: 1px solid var(--inner-line); background: var(--inner); cursor: pointer; }
button:focus-visible { outline: 2px solid var(--lit); }
.legend { position: absolute; left: 12px; bottom: 10px; display: flex; flex-wrap: wrap;
  gap: 4px 14px; margin: 0; padding: 3px 8px; border-radius: 7px; list-style: none;
  font-size: 11.5px; color: var(--soft); background: var(--ground); pointer-events: none; }
.legend i { display: inline-block; width: 16px; height: 10px; margin-right: 5px;
  border: 1.2px solid var(--inner-line); border-radius: 3px; background: var(--inner); }
.legend .leaf { background: var(--leaf); border-color: var(--leaf-line); }
.legend .constant { background: var(--constant); border: 1.2px dashed var(--constant-line); }
.legend .op { background: var(--op); border-color: var(--op); border-radius: 6px; }
.legend .view { background: var(--ground); border-color: var(--op); border-radius: 6px; }
.legend .block { background: var(--block); border-color: var(--op); }
.legend .write { background: var(--write); border-color: var(--write); border-radius: 6px; }
.notice { position: absolute; left: 50%; top: 62px; transform: translateX(-50%); margin: 0;
  box-sizing: border-box; width: min(560px, calc(100% - 32px)); padding: 10px 14px;
  border: 1px solid var(--write); border-left-width: 5px; border-radius: 7px;
  background: var(--inner); color: var(--ink); }
#map { position: absolute; right: 12px; top: 12px; border: 1px solid var(--inner-line);
  border-radius: 7px; background: var(--inner); cursor: crosshair; touch-action: none; }
svg.far .small { display: none; }
#tip { position: absolute; max-width: 380px; padding: 7px 10px; border-radius: 7px;
  background: var(--ink); color: var(--ground); pointer-events: none; white-space: pre-wrap;
  font: 11.5px/1.45 ui-monospace, "DejaVu Sans Mono", Menlo, monospace; z-index: 2;
  box-shadow: 0 3px 12px #0003; }
[hidden] { display: none !important; }
aside { box-sizing: border-box; width: clamp(340px, 34%, 540px); overflow: auto; padding: 14px 16px;
  border-left: 1px solid var(--inner-line); background: var(--inner); }
@media (max-width: 700px) { body { flex-direction: column; }
  aside { width: auto; max-height: 45%; border-left: 0; border-top: 1px solid var(--inner-line); } }
aside header { display: flex; align-items: baseline; gap: 8px; }
h2 { margin: 0; font: 600 16px ui-monospace, "DejaVu Sans Mono", Menlo, monospace;
  overflow-wrap: anywhere; }
h3 { margin: 14px 0 4px; font-size: 12px; color: var(--soft); font-weight: 600; }
.note { color: var(--soft); font-size: 12px; }
.kind { flex: 1; color: var(--soft); }
.close { border: 0; background: none; font-size: 18px; line-height: 1; cursor: pointer; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 3px 12px; margin: 10px 0 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
dd button, pre, dd code { font: 12px/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, monospace; }
dd button { padding: 0; border: 0; background: none; color: var(--lit); cursor: pointer;
  text-decoration: underline; text-underline-offset: 2px; text-align: left; }
pre { margin: 0; padding: 8px 10px; border-radius: 7px; background: var(--ground);
  border: 1px solid var(--inner-line); overflow: auto; }
pre.code { white-space: pre-wrap; overflow-wrap: anywhere; }
pre.prose { white-space: pre-wrap; font: 13px/1.45 system-ui, sans-serif; }
.k { color: var(--lit); font-weight: 600; } .s, .c { color: var(--leaf-line); }
.n { color: var(--write); }
"""

SCRIPT = r'''
"use strict";
const { nodes, rules, scenes } = JSON.parse(document.getElementById("data").textContent);
const svg = document.querySelector("svg.graph"), scene = svg.querySelector(".scene");
const panel = document.querySelector("aside"), tip = document.getElementById("tip");
const shapes = nodes.map((_, k) => document.getElementById("n" + k));
svg.removeAttribute("viewBox");

// --- what is drawn: one of the scenes, which differ in the blocks that are folded
const layer = scene.querySelector(".edges"), map = document.getElementById("map");
const folding = document.getElementById("fold");
let width = 0, height = 0, shown = scenes[0], edges = [], beside = [], places = new Map();
function draw(next) {
  shown = next;
  [width, height] = shown.size;
  places = new Map(shown.places.map(([k, x, y]) => [k, [x, y]]));
  shapes.forEach((shape, k) => {
    const place = places.get(k);
    shape.classList.toggle("off", !place);
    if (place) shape.setAttribute("transform", `translate(${place[0]} ${place[1]})`);
  });
  edges = nodes.map(() => []);
  layer.replaceChildren(...shown.edges.map(([a, b, d, faint]) => {
    const path = document.createElementNS(svg.namespaceURI, "path");
    path.setAttribute("class", faint ? "edge faint" : "edge");
    path.setAttribute("d", d);
    edges[a].push(path);
    edges[b].push(path);
    return path;
  }));
  beside = nodes.map(() => [null, null]);
  for (const row of shown.layers)
    row.forEach((v, k) => { beside[v] = [row[k - 1] ?? null, row[k + 1] ?? null]; });
  folding.hidden = scenes.length < 2;
  folding.textContent = shown.opened.length ? "Fold" : "Unfold";
}
function sceneWith(k) {  // in which a node is drawn, with as much folded as can be
  return scenes.find(s => s.places.some(([key]) => key === k));
}
function toggle(block) {
  choose(null);
  const all = scenes[scenes.length - 1];
  draw(shown.opened.length && block === undefined ? scenes[0]
    : scenes.find(s => s.opened.length === 1 && s.opened[0] === block) ?? all);
  fit();
}
folding.onclick = () => toggle();

// --- where we look: x and y of the drawing's corner, and the scale
const READABLE = 0.75, SMALL = 0.6;  // scales at which labels are read, and just so
let at = { x: 0, y: 0, k: 1 }, moved = false;
function look(x, y, k) {
  at = { x, y, k };
  moved = true;
  scene.setAttribute("transform", `translate(${x} ${y}) scale(${k})`);
  svg.classList.toggle("far", k < 0.45);
  chart();
}
function fit() {
  const w = svg.clientWidth, h = svg.clientHeight;
  const all = Math.min(w / width, (h - 84) / height, 1.4), k = all < SMALL ? READABLE : all;
  if (k === all) look((w - k * width) / 2, 46 + (h - 84 - k * height) / 2, k);
  else {  // it would be too small to be read: it is shown from its end, the result
    const [x, y] = places.get(Number(svg.dataset.result)) ?? [width / 2, height];
    const wide = k * width > w;
    look(wide ? w / 2 - k * x : (w - k * width) / 2,
      k * height > h - 84 ? h - 60 - k * (y + 20) : (h - k * height) / 2, k);
  }
  moved = false;
}
// The map: all of the drawing, where not all of it is in sight, and a frame around what is.
let pixels = [1, 1];
function chart() {
  const w = svg.clientWidth, h = svg.clientHeight, left = -at.x / at.k, top = -at.y / at.k;
  const seen = (start, room, whole) => Math.min(start + room, whole) - Math.max(start, 0);
  map.hidden = seen(left, w / at.k, width) * seen(top, h / at.k, height) > 0.7 * width * height;
  if (map.hidden) return;
  const k = Math.min(180 / width, (h - 90) / height, 0.15);
  const mw = Math.min(Math.max(k * width, 54), 180);
  const mh = Math.min(Math.max(k * height, 40), h - 90);
  const dots = devicePixelRatio, ink = map.getContext("2d"), style = getComputedStyle(svg);
  map.width = mw * dots;
  map.height = mh * dots;
  map.style.width = mw + "px";
  map.style.height = mh + "px";
  pixels = [mw / width, mh / height];
  ink.scale(dots, dots);
  for (const [n, x, y] of shown.places) {
    const kind = shapes[n].classList;
    ink.fillStyle = style.getPropertyValue(kind.contains("write") ? "--write"
      : kind.contains("op") ? "--op" : kind.contains("leaf") ? "--leaf-line" : "--line");
    const box = shapes[n].querySelector("rect");
    const bw = Math.max(box.width.baseVal.value * pixels[0], 2);
    const bh = Math.max(box.height.baseVal.value * pixels[1], 1);
    ink.fillRect(x * pixels[0] - bw / 2, y * pixels[1] - bh / 2, bw, bh);
  }
  ink.strokeStyle = style.getPropertyValue("--bad");
  ink.lineWidth = 1.5;
  const fx = Math.max(left, 0) * pixels[0], fy = Math.max(top, 0) * pixels[1];
  const ex = Math.min(left + w / at.k, width) * pixels[0];
  const ey = Math.min(top + h / at.k, height) * pixels[1];
  ink.strokeRect(fx + 1, fy + 1, Math.max(ex - fx - 2, 4), Math.max(ey - fy - 2, 4));
}
function jump(e) {
  const box = map.getBoundingClientRect();
  const x = (e.clientX - box.left) / pixels[0], y = (e.clientY - box.top) / pixels[1];
  look(svg.clientWidth / 2 - at.k * x, svg.clientHeight / 2 - at.k * y, at.k);
}
map.addEventListener("pointerdown", e => { map.setPointerCapture(e.pointerId); jump(e); });
map.addEventListener("pointermove", e => { if (e.buttons) jump(e); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", chart);
function zoom(factor, x = svg.clientWidth / 2, y = svg.clientHeight / 2) {
  const k = Math.min(Math.max(at.k * factor, 0.02), 8), f = k / at.k;
  look(x - f * (x - at.x), y - f * (y - at.y), k);
}
function show(k) {  // move as little as brings a node into sight
  const box = shapes[k].getBoundingClientRect(), all = svg.getBoundingClientRect(), m = 30;
  const shift = (a, b, low, high) => a < low + m ? low + m - a : b > high - m ? high - m - b : 0;
  const dx = shift(box.left, box.right, all.left, all.right);
  const dy = shift(box.top, box.bottom, all.top, all.bottom);
  if (dx || dy) look(at.x + dx, at.y + dy, at.k);
}

let start = null, dragged = false;
svg.addEventListener("pointerdown", e => {
  start = { x: e.clientX - at.x, y: e.clientY - at.y, x0: e.clientX, y0: e.clientY };
  dragged = false;
});
svg.addEventListener("pointermove", e => {
  if (!start) return;
  if (!dragged && Math.hypot(e.clientX - start.x0, e.clientY - start.y0) > 4) {
    dragged = true;
    svg.setPointerCapture(e.pointerId);
    svg.classList.add("dragged");
  }
  if (dragged) look(e.clientX - start.x, e.clientY - start.y, at.k);
});
for (const end of ["pointerup", "pointercancel"])
  svg.addEventListener(end, () => { start = null; svg.classList.remove("dragged"); });
svg.addEventListener("wheel", e => {
  // Inside of a notebook, scrolling the page past the drawing has to go on.
  if (window !== window.parent && !e.ctrlKey && !document.hasFocus()) return;
  e.preventDefault();
  const box = svg.getBoundingClientRect();
  const factor = Math.exp(-e.deltaY * (e.deltaMode ? 0.05 : 0.0015));
  zoom(factor, e.clientX - box.left, e.clientY - box.top);
}, { passive: false });
document.getElementById("in").onclick = () => zoom(1.3);
document.getElementById("out").onclick = () => zoom(1 / 1.3);
document.getElementById("fit").onclick = all;
function all() {  // all of it, however small
  const w = svg.clientWidth, h = svg.clientHeight;
  const k = Math.min(w / width, (h - 84) / height, 1.4);
  look((w - k * width) / 2, 46 + (h - 84 - k * height) / 2, k);
}
addEventListener("resize", () => { if (moved) chart(); else fit(); });

// --- what is chosen, and the panel about it
let chosen = null, last = nodes.length ? Number(svg.dataset.result) : null;
function make(tag, text, cls) {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (cls) e.className = cls;
  return e;
}
function row(list, name, value, to) {
  list.append(make("dt", name));
  const d = make("dd"), b = make(to === undefined ? "code" : "button", value);
  if (to !== undefined) b.onclick = () => choose(to, true);
  d.append(b);
  list.append(d);
}
const WORDS = "lambda def class return if elif else for in not and or is raise try except " +
  "None True False";
const TOKEN = new RegExp(String.raw`("""[^]*?"""|"[^"\n]*"|'[^'\n]*'|#.*|` +
  String.raw`\b(?:${WORDS.replaceAll(" ", "|")})\b|\b\d[\d.e]*\b)`);
function code(text) {
  const pre = make("pre", undefined, "code");
  text.split(TOKEN).forEach((part, k) => {
    const c = part[0], cls = c === "#" ? "c" : /["']/.test(c) ? "s" : /\d/.test(c) ? "n" : "k";
    pre.append(k % 2 ? make("span", part, cls) : part);
  });
  return pre;
}
function light(k, on) { for (const edge of edges[k]) edge.classList.toggle("lit", on); }
function choose(k, move) {
  if (chosen !== null) { shapes[chosen].classList.remove("chosen"); light(chosen, false); }
  chosen = k;
  panel.hidden = k === null;
  panel.replaceChildren();
  if (k === null) return;
  const node = nodes[k];
  const other = places.has(k) ? null : sceneWith(k);
  if (other) { draw(other); fit(); }
  shapes[k].classList.add("chosen");
  light(k, true);
  if (places.has(k)) rove(k);
  const head = make("header"), close = make("button", "\u00d7", "close");
  close.setAttribute("aria-label", "Close (Escape)");
  close.onclick = () => { choose(null); shapes[places.has(k) ? k : last].focus(); };
  head.append(make("h2", node.name), make("span", node.kind, "kind"), close);
  const list = make("dl");
  for (const [name, value] of node.rows) row(list, name, value);
  for (const [name, from] of node.inputs) row(list, name, nodes[from].name, from);
  for (const to of node.outputs) row(list, node.op ? "result" : "used by", nodes[to].name, to);
  panel.append(head, list);
  for (const [name, text] of node.texts) panel.append(make("h3", name), make("pre", text));
  if (node.rule !== null) {
    panel.append(make("h3", "Derivative rule"));
    for (const [title, text] of rules[node.rule]) {
      if (title) panel.append(make("h3", title), code(text));
      else panel.append(make("pre", text, "prose"));
    }
    if (rules[node.rule].some(([title]) => title))
      panel.append(make("p", "g is the gradient of the result, out the result itself.", "note"));
  }
  if (move && places.has(k)) { show(k); shapes[k].focus({ preventScroll: true }); }
}

const BLOCK = "repeated block";
function pick(k, move) { if (nodes[k].kind === BLOCK) toggle(k); else choose(k, move); }

// --- keys: one tab stop, from which arrows go along the edges and along the layer
function rove(k) {
  if (last !== null) shapes[last].setAttribute("tabindex", "-1");
  shapes[k].setAttribute("tabindex", "0");
  last = k;
}
addEventListener("keydown", e => {
  if (e.altKey || e.metaKey || e.ctrlKey || panel.contains(e.target)) {
    if (e.key === "Escape" && chosen !== null) panel.querySelector(".close").click();
    return;
  }
  const on = e.target.closest?.(".node"), k = on ? Number(on.id.slice(1)) : null;
  const pan = { ArrowUp: [0, 60], ArrowDown: [0, -60], ArrowLeft: [60, 0], ArrowRight: [-60, 0] };
  if (e.key === "Escape" && chosen !== null) choose(null);
  else if (e.key === "+" || e.key === "=") zoom(1.3);
  else if (e.key === "-") zoom(1 / 1.3);
  else if (e.key === "0") all();
  else if (on && (e.key === "Enter" || e.key === " ")) pick(k, true);
  else if (on && !e.shiftKey && pan[e.key]) {
    const to = { ArrowUp: shown.edges.find(([, b]) => b === k)?.[0],
                 ArrowDown: shown.edges.find(([a]) => a === k)?.[1],
                 ArrowLeft: beside[k][0], ArrowRight: beside[k][1] }[e.key] ?? null;
    if (to !== null) { rove(to); show(to); shapes[to].focus({ preventScroll: true }); }
  } else if (pan[e.key] && e.target.closest?.("main, body"))
    look(at.x + pan[e.key][0], at.y + pan[e.key][1], at.k);
  else return;
  e.preventDefault();
});

// --- the tip: what the title says, at once and readable; a title left in place would show twice
function tell(k) {
  if (k === null || start) { tip.hidden = true; return; }
  const box = shapes[k].getBoundingClientRect(), all = svg.getBoundingClientRect();
  tip.textContent = shapes[k].getAttribute("aria-label");
  tip.hidden = false;
  const x = Math.min(box.right + 10 - all.left, all.width - tip.offsetWidth - 8);
  const y = Math.min(box.top - all.top, all.height - tip.offsetHeight - 8);
  tip.style.left = Math.max(8, x) + "px";
  tip.style.top = Math.max(8, y) + "px";
}
shapes.forEach((shape, k) => {
  const title = shape.querySelector("title");
  shape.setAttribute("aria-label", title.textContent);
  title.remove();
  shape.setAttribute("role", "button");
  shape.setAttribute("tabindex", k === last ? "0" : "-1");
  shape.addEventListener("click", () => {
    if (dragged) return;
    pick(k, false);
    shape.focus({ preventScroll: true });
  });
  shape.addEventListener("pointerenter", () => { light(k, true); tell(k); });
  shape.addEventListener("pointerleave", () => { if (k !== chosen) light(k, false); tell(null); });
});
svg.querySelector("title").remove();

draw(shown);
fit();
const asked = /^#n(\d+)$/.exec(location.hash);  // page.html#n3 opens with node 3
if (asked && nodes[asked[1]]) {
  choose(Number(asked[1]));
  fit();
  choose(chosen, true);
}
'''

PAGE = """<!DOCTYPE html>
<html lang="en" class="graph">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>@title@</title>
<style>@style@</style>
</head>
<body>
<main>
@svg@
<div class="tools" role="toolbar" aria-label="Zoom">
<button id="in" title="Zoom in (+)" aria-label="Zoom in">+</button>
<button id="out" title="Zoom out (-)" aria-label="Zoom out">&#8722;</button>
<button id="fit" title="Show all (0)">Fit</button>
<button id="fold" title="Fold or unfold what repeats" hidden>Unfold</button>
</div>
<ul class="legend" aria-label="Legend">@legend@</ul>
<canvas id="map" aria-hidden="true" hidden></canvas>
@notice@
<div id="tip" aria-hidden="true" hidden></div>
</main>
<aside aria-live="polite" aria-label="Details" hidden></aside>
<script type="application/json" id="data">@data@</script>
<script>@script@</script>
</body>
</html>
""".replace("@style@", PAGE_STYLE).replace("@script@", SCRIPT)
