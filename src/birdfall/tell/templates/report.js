document.body.classList.add("scripted");
for (const button of document.querySelectorAll("button[data-copy]"))
  button.addEventListener("click", async () => {
    const text = button.closest("section").querySelector("blockquote").innerText;
    try { await navigator.clipboard.writeText(text); } catch { const range = document.createRange(); range.selectNodeContents(button.closest("section").querySelector("blockquote")); getSelection().removeAllRanges(); getSelection().addRange(range); document.execCommand("copy"); }
    button.nextElementSibling.nextElementSibling.textContent = button.dataset.copied;
  });
for (const button of document.querySelectorAll("button[data-print]")) button.addEventListener("click", () => print());
