// The interactive map of a coordination network, drawn over the poster that stands in the page already.
// Without WebGL, without scripts and on paper the poster is the map: nothing here is needed to read the report.

import Graph from "graphology";
import Sigma from "sigma";

interface MapData {
  n: number;
  wide: boolean; // whether edge ends are 32-bit
  x: string; // base64 of uint16, 0..65535
  y: string;
  source: string;
  target: string;
  colour: string; // base64 of uint8, index into palette
  size: string; // base64 of uint8, tenths of a pixel
  group: string; // base64 of uint8, rank of the group, 255 for none
  palette: [number, number, number][];
  names: string[];
}

type Attributes = { x: number; y: number; size: number; color: string; group: number; zIndex: number; name: string };

// Accounts that are listed below the map when they are looked for.
const MOST_FOUND = 5;

function bytes(text: string): ArrayBuffer {
  const raw = atob(text);
  const out = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
  return out.buffer;
}

function isDark(): boolean {
  const page = getComputedStyle(document.documentElement).colorScheme.trim();
  return page === "dark" || (page !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
}

// Sigma blends premultiplied colours but does not multiply them itself: faint edges would otherwise be white on dark.
function faint(r: number, g: number, b: number, alpha: number): string {
  return `rgba(${Math.round(r * alpha)},${Math.round(g * alpha)},${Math.round(b * alpha)},${alpha})`;
}

function edgeColour(edges: number): string {
  const alpha = Math.max(0.05, Math.min(0.5, 14 / Math.sqrt(edges)));
  return isDark() ? faint(150, 165, 190, alpha) : faint(70, 85, 105, alpha);
}

function hasWebGL(): boolean {
  try {
    return document.createElement("canvas").getContext("webgl2") !== null;
  } catch {
    return false;
  }
}

function graphOf(data: MapData): Graph {
  const x = new Uint16Array(bytes(data.x));
  const y = new Uint16Array(bytes(data.y));
  const size = new Uint8Array(bytes(data.size));
  const colour = new Uint8Array(bytes(data.colour));
  const group = new Uint8Array(bytes(data.group));
  const ends = (text: string) => (data.wide ? new Uint32Array(bytes(text)) : new Uint16Array(bytes(text)));
  const source = ends(data.source);
  const target = ends(data.target);
  const graph = new Graph({ type: "undirected", multi: false, allowSelfLoops: false });
  for (let i = 0; i < data.n; i++) {
    const [r, g, b] = data.palette[colour[i]];
    graph.addNode(i, {
      x: x[i] / 65535,
      y: y[i] / 65535,
      size: size[i] / 10,
      color: `rgb(${r},${g},${b})`,
      group: group[i],
      zIndex: group[i] === 255 ? 0 : 1,
      name: data.names[i],
    } satisfies Attributes);
  }
  const ink = edgeColour(source.length);
  for (let i = 0; i < source.length; i++) graph.mergeUndirectedEdge(source[i], target[i], { size: 0.5, color: ink });
  return graph;
}

function start(figure: HTMLElement): void {
  const stage = figure.querySelector<HTMLElement>(".map-stage");
  const source = figure.querySelector(".map-data");
  const said = figure.querySelector<HTMLElement>(".map-said");
  if (!stage || !source?.textContent || !hasWebGL()) {
    figure.dataset.map = "poster";
    return;
  }
  const graph = graphOf(JSON.parse(source.textContent) as MapData);
  stage.hidden = false;
  let only: number | null = null;
  let wanted = "";
  const dim = () => (isDark() ? "#2b3340" : "#e4e7ec");
  const sigma = new Sigma(graph, stage, {
    renderLabels: false,
    renderEdgeLabels: false,
    hideEdgesOnMove: true,
    zIndex: true,
    enableEdgeEvents: false,
    minCameraRatio: 0.03,
    maxCameraRatio: 3,
    stagePadding: 14,
    allowInvalidContainer: true,
    itemSizesReference: "screen",
    nodeReducer: (_, a) =>
      (only !== null && a.group !== only) || (wanted !== "" && !a.name.toLowerCase().includes(wanted))
        ? { ...a, color: dim(), zIndex: 0 }
        : wanted !== ""
          ? { ...a, size: Math.max(a.size, 7), zIndex: 2 }
          : a,
    edgeReducer: (edge, a) => {
      if (only === null || graph.extremities(edge).every((n) => graph.getNodeAttribute(n, "group") === only)) return a;
      return { ...a, hidden: true };
    },
  });
  // Sigma has drawn inside its constructor: the poster may go.
  figure.dataset.map = "live";

  const labels = [...figure.querySelectorAll<HTMLElement>(".map-labels > *")];
  const placeLabels = () => {
    const taken: { x: number; y: number; w: number }[] = [];
    for (const label of labels) {
      const p = sigma.graphToViewport({ x: Number(label.dataset.x), y: Number(label.dataset.y) });
      const w = label.offsetWidth / 2 + 4;
      let y = p.y;
      for (const q of taken) if (Math.abs(q.x - p.x) < w + q.w && Math.abs(q.y - y) < 24) y = q.y + (y < q.y ? -26 : 26);
      taken.push({ x: p.x, y, w });
      label.style.transform = `translate(${p.x}px, ${y}px) translate(-50%, -50%)`;
    }
  };
  sigma.on("afterRender", placeLabels);
  placeLabels();

  const say = (text: string) => {
    if (said) said.textContent = text;
  };
  const describe = (node: string) => `${graph.getNodeAttribute(node, "name")} · ${said?.dataset.pairs ?? ""}: ${graph.degree(node)}`;
  sigma.on("enterNode", ({ node }) => say(describe(node)));
  sigma.on("leaveNode", () => say(""));
  const find = figure.querySelector<HTMLInputElement>("input.map-find");
  if (find) {
    find.disabled = false;
    find.addEventListener("input", () => {
      wanted = find.value.trim().toLowerCase();
      const found = wanted === "" ? [] : graph.filterNodes((_, a) => a.name.toLowerCase().includes(wanted));
      say(found.slice(0, MOST_FOUND).map(describe).join("; ") + (found.length > MOST_FOUND ? ` … (${found.length})` : ""));
      sigma.refresh({ skipIndexation: true });
    });
  }

  for (const button of figure.querySelectorAll<HTMLButtonElement>("button[data-group]")) {
    button.disabled = false;
    button.addEventListener("click", () => {
      const group = Number(button.dataset.group);
      only = only === group ? null : group;
      for (const other of figure.querySelectorAll<HTMLButtonElement>("button[data-group]"))
        other.setAttribute("aria-pressed", String(Number(other.dataset.group) === only));
      sigma.refresh({ skipIndexation: true });
    });
  }

  stage.tabIndex = 0;
  stage.addEventListener("keydown", (event) => {
    const camera = sigma.getCamera();
    const state = camera.getState();
    const step = 0.12 * state.ratio;
    const moves: Record<string, Partial<typeof state>> = {
      ArrowLeft: { x: state.x - step },
      ArrowRight: { x: state.x + step },
      ArrowUp: { y: state.y + step },
      ArrowDown: { y: state.y - step },
      "+": { ratio: state.ratio / 1.4 },
      "=": { ratio: state.ratio / 1.4 },
      "-": { ratio: state.ratio * 1.4 },
      "0": { x: 0.5, y: 0.5, ratio: 1 },
    };
    const move = moves[event.key];
    if (move) {
      event.preventDefault();
      camera.setState({ ...state, ...move });
    }
  });

  const recolour = () => {
    const ink = edgeColour(graph.size);
    graph.updateEachEdgeAttributes((_, a) => ({ ...a, color: ink }));
    sigma.refresh({ skipIndexation: true });
  };
  for (const theme of document.querySelectorAll('input[name="theme"]')) theme.addEventListener("change", recolour);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
}

// A map is started when it comes near the screen: the first screen of the report does not wait for it.
const waiting = new IntersectionObserver(
  (entries) => {
    for (const entry of entries)
      if (entry.isIntersecting) {
        waiting.unobserve(entry.target);
        start(entry.target as HTMLElement);
      }
  },
  { rootMargin: "400px" },
);
for (const figure of document.querySelectorAll<HTMLElement>("figure[data-map]")) waiting.observe(figure);
