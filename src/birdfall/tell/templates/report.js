document.body.classList.add("scripted");
for (const button of document.querySelectorAll("button[data-copy]"))
  button.addEventListener("click", async () => {
    const quote = button.closest(".letter, section").querySelector("blockquote"), hidden = quote.hidden;
    quote.hidden = false;
    const text = quote.innerText;
    try { await navigator.clipboard.writeText(text); } catch { const range = document.createRange(); range.selectNodeContents(quote); getSelection().removeAllRanges(); getSelection().addRange(range); document.execCommand("copy"); }
    quote.hidden = hidden;
    button.closest(".tools").querySelector("[role=status]").textContent = button.dataset.copied;
  });
// The language and direction of the document follow the article in view.
const follow = () => {
  const shown = [...document.querySelectorAll("article")].find((article) => article.offsetParent);
  if (shown) { document.documentElement.lang = shown.lang; document.documentElement.dir = shown.dir; }
};
addEventListener("hashchange", follow);
follow();
for (const button of document.querySelectorAll("button[data-print]")) button.addEventListener("click", () => print());

for (const box of document.querySelectorAll(".prior")) {
  const levers = [...box.querySelectorAll("input")], rows = levers.map((lever) => lever.closest("tr"));
  const percent = new Intl.NumberFormat(box.closest("[lang]").lang + "-u-nu-latn", { style: "percent" });
  const times = (log) => log === 0 ? "\u00d71" : (log > 0 ? "\u00d7" : "\u00f7") + Number((10 ** Math.abs(log)).toPrecision(2));
  const tell = () => {
    const weight = levers.map((lever) => 10 ** (Number(lever.value) + Number(lever.dataset.log10)));
    const sum = weight.reduce((a, b) => a + b, 0);
    rows.forEach((row, i) => {
      const share = weight[i] / sum, before = times(Number(levers[i].value));
      row.querySelector("output").textContent = (share < 0.01 ? "< " : share > 0.99 ? "> " : "") + percent.format(Math.min(Math.max(share, 0.01), 0.99));
      row.querySelector(".odds").textContent = before;
      levers[i].setAttribute("aria-valuetext", before);
    });
  };
  for (const lever of levers) lever.addEventListener("input", tell);
  tell();
}
