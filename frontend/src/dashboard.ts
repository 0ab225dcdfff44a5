// The dashboard's pages are whole without this. It draws the charts, renews a page when the watch has news, and takes keys.
import uPlot from "uplot";

interface Point { at: number; observed: number; high: number }

const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** A custom property with light-dark() is resolved by asking an element that wears it. */
function resolved(name: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found || colour(name);
}

function draw(figure: HTMLElement): void {
  const stage = figure.querySelector<HTMLElement>(".stage");
  const points = JSON.parse(figure.dataset.series ?? "[]") as Point[];
  const [time, observed, usual] = JSON.parse(figure.dataset.names ?? "[]") as string[];
  if (!stage || points.length < 2) return;
  figure.classList.add("drawn");
  stage.replaceChildren();
  const soft = resolved("--soft"), rule = resolved("--rule"), hit = resolved("--hit");
  const axis = { stroke: soft, grid: { stroke: rule, width: 1 }, ticks: { stroke: rule } };
  const bars = uPlot.paths.bars?.({ size: [0.9, 40] });
  new uPlot({
    width: Math.max(figure.clientWidth, 240), height: 220, cursor: { drag: { x: true, y: false } }, tzDate: (ts) => uPlot.tzDate(new Date(ts * 1e3), "Etc/UTC"),
    scales: { y: { range: (_u, _low, high) => [0, Math.max(high * 1.05, 2)] } },
    axes: [{ ...axis, values: (_u, splits) => splits.map((s) => new Date(s * 1e3).toISOString().slice(11, 16)) }, { ...axis, size: 56 }],
    legend: { live: false },
    series: [{ label: time }, { label: observed, stroke: hit, fill: hit, paths: bars, points: { show: false } },
      { label: usual, stroke: resolved("--back"), width: 2, dash: [6, 4], points: { show: false } }],
  }, [points.map((p) => p.at / 1e6), points.map((p) => p.observed), points.map((p) => p.high)], stage);
}

function drawAll(): void {
  document.querySelectorAll<HTMLElement>(".chart").forEach(draw);
}

let chosen = -1;
function choose(step: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  if (!rows.length) return;
  rows.forEach((row) => row.classList.remove("chosen"));
  chosen = Math.min(Math.max(chosen + step, 0), rows.length - 1);
  rows[chosen].classList.add("chosen");
  rows[chosen].focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement) return;
  if (event.key === "j") choose(1);
  else if (event.key === "k") choose(-1);
  else if (event.key === "?") document.querySelector<HTMLElement>("#keys")?.toggleAttribute("hidden");
  else document.querySelector<HTMLAnchorElement>(`a[data-key="${CSS.escape(event.key)}"]`)?.click();
});

let busy = false, again = false;
/** The page as it is now, put in place of what is shown; focus and open details stay. */
async function renew(): Promise<void> {
  if (busy) { again = true; return; }
  busy = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const before = document.querySelector("main"), after = next.querySelector("main");
    if (!before || !after) return;
    const open = [...before.querySelectorAll("details")].map((d) => d.open);
    const said = before.querySelector("h1")?.textContent, says = after.querySelector("h1")?.textContent;
    if (before.contains(document.activeElement) && document.activeElement !== before) after.setAttribute("data-kept", "");
    before.replaceWith(after);
    after.querySelectorAll("details").forEach((d, i) => { d.open = open[i] ?? false; });
    if (after.hasAttribute("data-kept") && chosen >= 0) choose(0);
    drawAll();
    const status = document.querySelector(".said");
    if (status && said !== says) status.textContent = (says ?? "").trim();
  } finally {
    busy = false;
    if (again) { again = false; setTimeout(renew, 500); }
  }
}

drawAll();
let width = innerWidth;
addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; drawAll(); } });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
if (document.body.dataset.live === "yes") {
  let first = true;
  new EventSource("/events").addEventListener("message", () => { if (first) first = false; else void renew(); });
}
