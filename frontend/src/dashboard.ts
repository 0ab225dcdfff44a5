// The dashboard's pages are whole without this. It draws the charts, renews a page when the watch has news, and takes keys.
import uPlot from "uplot";

interface Point { at: number; observed: number; high: number | null; over: boolean }
interface Chart { series: Point[]; gaps: [number, number][]; seconds: number }

const language = document.body.dataset.language ?? "en", timeZone = document.body.dataset.zone ?? "UTC";
const charts: uPlot[] = [];

/** The colour of a custom property; light-dark() is resolved by asking an element that wears it. */
function colour(name: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** Ticks of the time axis: hours and minutes, seconds from near, days from afar. In the zone of the page, digits as on the rest of the page. */
function clock(splits: number[], span: number): string[] {
  const options: Intl.DateTimeFormatOptions = span > 3 * 86400 ? { day: "numeric", month: "short" } : span > 86400
    ? { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" } : { hour: "2-digit", minute: "2-digit", ...(span < 300 ? { second: "2-digit" } : {}) };
  const format = new Intl.DateTimeFormat(`${language}-u-nu-latn`, { ...options, hour12: false, timeZone });
  return splits.map((s) => format.format(new Date(s * 1e3)));
}

/** What was not watched, hatched over the whole height. */
function hatch(u: uPlot, gaps: [number, number][], stroke: string): void {
  const { ctx } = u, { left, top, width, height } = u.bbox;
  ctx.save();
  ctx.strokeStyle = stroke;
  ctx.lineWidth = devicePixelRatio;
  for (const [begin, end] of gaps) {
    const a = Math.max(u.valToPos(begin / 1e6, "x", true), left), b = Math.min(u.valToPos(end / 1e6, "x", true), left + width);
    const from = Math.min(a, left + width - 2), wide = Math.max(b - from, 2 * devicePixelRatio);
    ctx.save();
    ctx.beginPath();
    ctx.rect(from, top, wide, height);
    ctx.clip();
    ctx.beginPath();
    for (let x = from - height; x < from + wide; x += 6 * devicePixelRatio) { ctx.moveTo(x, top + height); ctx.lineTo(x + height, top); }
    ctx.stroke();
    ctx.restore();
  }
  ctx.restore();
}

function draw(figure: HTMLElement): void {
  const stage = figure.querySelector<HTMLElement>(".stage");
  const { series, gaps, seconds } = JSON.parse(figure.dataset.chart ?? "{}") as Chart;
  if (!stage || !series || series.length < 2) return;
  figure.classList.add("drawn");
  stage.replaceChildren();
  const soft = colour("--soft"), rule = colour("--rule"), hit = colour("--hit"), usual = colour("--usual"), back = colour("--back");
  const axis = { stroke: soft, grid: { stroke: rule, width: 1 }, ticks: { stroke: rule }, font: "13px sans-serif" };
  const number = new Intl.NumberFormat(`${language}-u-nu-latn`);
  const bars = (): uPlot.Series.PathBuilder | undefined => uPlot.paths.bars?.({ size: [0.9, 40], align: 1 });
  const steps = uPlot.paths.stepped?.({ align: 1 });
  const over = series.map((p) => (p.over ? p.observed : null));
  const within = series.map((p) => (p.observed && !p.over ? p.observed : null));
  // nothing is usual where nothing was watched
  const unwatched = (u: uPlot): [number, number][] => gaps.map((gap) => gap.map((t) => u.valToPos(t / 1e6, "x", true)) as [number, number]);
  charts.push(new uPlot({
    width: Math.max(figure.clientWidth, 240), height: 220, cursor: { drag: { x: true, y: false }, points: { show: false } },
    tzDate: (ts) => uPlot.tzDate(new Date(ts * 1e3), timeZone), legend: { show: false },
    scales: { x: { range: (_u, low, high) => [low, high + seconds] }, y: { range: (_u, _low, high) => [0, Math.max(high * 1.05, 2)] } },
    axes: [{ ...axis, values: (u, splits) => clock(splits, (u.scales.x.max ?? 0) - (u.scales.x.min ?? 0)), space: 70 },
      { ...axis, size: 56, values: (_u, splits) => splits.map((s) => (Number.isInteger(s) ? number.format(s) : "")) }],
    series: [{}, { stroke: back, width: 1, fill: back.replace(/^rgb\((.*)\)$/, "rgba($1, 0.18)"), paths: steps, gaps: unwatched, points: { show: false } },
      { stroke: usual, fill: usual, paths: bars(), points: { show: false } }, { stroke: hit, fill: hit, paths: bars(), points: { show: false } }],
    hooks: { draw: [(u) => hatch(u, gaps, soft)] },
  }, [series.map((p) => p.at / 1e6), series.map((p) => p.high), within, over] as uPlot.AlignedData, stage));
}

function drawAll(): void {
  charts.splice(0).forEach((chart) => chart.destroy());
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

const said = document.querySelector<HTMLElement>(".said");
let busy = false, again = false, waiting = false;

// What takes a while says so, and is asked for once.
document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement, wait = form.dataset.wait;
  if (!wait) return;
  waiting = true;
  form.querySelectorAll("button").forEach((button) => { button.disabled = true; });
  form.append(Object.assign(document.createElement("p"), { textContent: wait, className: "waiting" }));
  if (said) said.textContent = wait;
});

/** The page as it is now, put in place of what is shown; focus and open details stay. */
async function renew(): Promise<void> {
  if (waiting) return;
  if (busy) { again = true; return; }
  busy = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const before = document.querySelector("main"), after = next.querySelector("main");
    if (!before || !after || waiting) return;
    const open = [...before.querySelectorAll("details")].map((d) => d.open);
    const held = [...before.querySelectorAll<HTMLElement>("a, button, summary, [tabindex]")].indexOf(document.activeElement as HTMLElement);
    const heading = (main: Element): string => [...main.querySelector("h1")?.childNodes ?? []].filter((n) => !(n instanceof HTMLElement && n.ariaHidden)).map((n) => n.textContent).join("").trim();
    const title = heading(before), says = heading(after);
    before.replaceWith(after);
    after.querySelectorAll("details").forEach((d, i) => { d.open = open[i] ?? false; });
    if (held >= 0) [...after.querySelectorAll<HTMLElement>("a, button, summary, [tabindex]")][held]?.focus({ preventScroll: true });
    if (chosen >= 0) [...after.querySelectorAll<HTMLElement>("[data-row]")][chosen]?.classList.add("chosen");
    drawAll();
    if (said && title !== says) said.textContent = says;
  } catch {
    // the server is gone for now: the next news renews the page
  } finally {
    busy = false;
    if (again) { again = false; setTimeout(() => void renew(), 500); }
  }
}

drawAll();
let width = innerWidth;
addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; drawAll(); } });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
if (document.body.dataset.live === "yes") {
  let known = "";
  new EventSource("/events").addEventListener("message", (event: MessageEvent<string>) => {
    if (known && known !== event.data) void renew();
    known = event.data;
  });
}
