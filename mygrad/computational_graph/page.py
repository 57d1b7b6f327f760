"""The style sheets, the script and the page around a drawing; what a browser gets."""

__all__ = ["PAGE", "SVG_STYLE"]

SVG_STYLE = """
.graph { --ground: #fafbfc; --ink: #1d2430; --soft: #5d6778; --line: #9ba5b5; --lit: #0b63c5;
  --leaf: #e2f3e7; --leaf-line: #35884f; --inner: #ffffff; --inner-line: #b4bcc9;
  --constant: #eff0f3; --constant-line: #989fac; --op: #2c66ab; --op-ink: #ffffff;
  --write: #b4530f; --bad: #c81e3a;
  background: var(--ground); color: var(--ink);
  font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
@media (prefers-color-scheme: dark) {
.graph { --ground: #14181f; --ink: #e4e8ee; --soft: #9aa5b5; --line: #667083; --lit: #6cb2ff;
  --leaf: #1b3a27; --leaf-line: #5fbf80; --inner: #20262f; --inner-line: #56606f;
  --constant: #23262c; --constant-line: #7a8291; --op: #3b7bc8; --op-ink: #ffffff;
  --write: #c8651d; --bad: #ff6b81; } }
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
.edge { fill: none; stroke: var(--line); stroke-width: 1.3; marker-end: url(#arrow); }
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
.legend .write { background: var(--write); border-color: var(--write); border-radius: 6px; }
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
const { nodes, rules, layers } = JSON.parse(document.getElementById("data").textContent);
const svg = document.querySelector("svg.graph"), scene = svg.querySelector(".scene");
const panel = document.querySelector("aside"), tip = document.getElementById("tip");
const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
const shapes = nodes.map((_, k) => document.getElementById("n" + k));
const edges = nodes.map(() => []);
for (const edge of svg.querySelectorAll(".edge")) {
  edges[edge.dataset.a].push(edge);
  edges[edge.dataset.b].push(edge);
}
svg.removeAttribute("viewBox");

// --- where we look: x and y of the drawing's corner, and the scale
let at = { x: 0, y: 0, k: 1 }, moved = false;
function look(x, y, k) {
  at = { x, y, k };
  moved = true;
  scene.setAttribute("transform", `translate(${x} ${y}) scale(${k})`);
}
function fit() {
  const w = svg.clientWidth, h = svg.clientHeight;
  const all = Math.min(w / width, (h - 30) / height, 1.4), k = Math.max(all, 0.6);
  // What does not fit is shown from its end, the result.
  look((w - k * width) / 2, k > all ? Math.min(0, h - 40 - k * height) : (h - k * height) / 2, k);
  moved = false;
}
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
document.getElementById("fit").onclick = fit;
addEventListener("resize", () => { if (!moved) fit(); });

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
  shapes[k].classList.add("chosen");
  light(k, true);
  rove(k);
  const head = make("header"), close = make("button", "\u00d7", "close");
  close.setAttribute("aria-label", "Close (Escape)");
  close.onclick = () => { choose(null); shapes[k].focus(); };
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
  if (move) { show(k); shapes[k].focus({ preventScroll: true }); }
}

// --- keys: one tab stop, from which arrows go along the edges and along the layer
function rove(k) {
  if (last !== null) shapes[last].setAttribute("tabindex", "-1");
  shapes[k].setAttribute("tabindex", "0");
  last = k;
}
const beside = nodes.map(() => [null, null]);
for (const layer of layers)
  layer.forEach((v, k) => { beside[v] = [layer[k - 1] ?? null, layer[k + 1] ?? null]; });
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
  else if (e.key === "0") fit();
  else if (on && (e.key === "Enter" || e.key === " ")) choose(k, true);
  else if (on && !e.shiftKey && pan[e.key]) {
    const to = { ArrowUp: nodes[k].inputs[0]?.[1], ArrowDown: nodes[k].outputs[0],
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
    choose(k);
    shape.focus({ preventScroll: true });
  });
  shape.addEventListener("pointerenter", () => { light(k, true); tell(k); });
  shape.addEventListener("pointerleave", () => { if (k !== chosen) light(k, false); tell(null); });
});
svg.querySelector("title").remove();

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
</div>
<ul class="legend" aria-label="Legend">@legend@</ul>
<div id="tip" aria-hidden="true" hidden></div>
</main>
<aside aria-live="polite" aria-label="Details" hidden></aside>
<script type="application/json" id="data">@data@</script>
<script>@script@</script>
</body>
</html>
""".replace("@style@", PAGE_STYLE).replace("@script@", SCRIPT)
