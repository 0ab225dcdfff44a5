// What pages do better with a script; each of them works without.
(() => {
  "use strict";
  const all = (selector) => [...document.querySelectorAll(selector)];
  document.body.classList.add("scripted");

  // a form is sent once
  for (const form of all('form[method="post"]')) {
    form.addEventListener("submit", () => setTimeout(() => {
      for (const button of form.querySelectorAll("button")) button.disabled = true;
    }));
  }
  addEventListener("pageshow", () => { for (const button of all("button:disabled")) button.disabled = false; });

  // another time zone that is written stands for the one of the menu
  for (const field of all("[data-instead]")) {
    field.addEventListener("input", () => { document.getElementById(field.dataset.instead).required = !field.value; });
  }

  // files are dropped, and sent with progress
  for (const drop of all("[data-drop]")) {
    const field = drop.querySelector('input[type="file"]');
    for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
    drop.addEventListener("dragleave", () => drop.classList.remove("over"));
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      if (event.dataTransfer.files.length) field.files = event.dataTransfer.files;
    });
  }
  for (const form of all("form[data-upload]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const place = form.querySelector(".sending"), bar = place.querySelector("progress"), said = place.querySelector('[role="status"]');
      const sent = new XMLHttpRequest();
      place.hidden = false;
      said.textContent = form.dataset.sending;
      sent.open("POST", form.action);
      sent.upload.addEventListener("progress", (step) => { if (step.lengthComputable) { bar.max = step.total; bar.value = step.loaded; } });
      sent.addEventListener("load", () => {
        if (sent.status < 400) { location.assign(sent.responseURL); return; }
        said.textContent = form.dataset.failed;
        const page = new DOMParser().parseFromString(sent.responseText, "text/html");
        if (page.querySelector("main")) document.querySelector("main").replaceWith(page.querySelector("main"));
      });
      sent.addEventListener("error", () => {
        said.textContent = form.dataset.failed;
        for (const button of form.querySelectorAll("button")) button.disabled = false;
      });
      sent.send(new FormData(form));
    });
  }

  // a job is followed through the interface; the page's words come from the server
  const job = document.querySelector("[data-follow]:not([data-over])");
  if (job) {
    let before = "";
    const look = async () => {
      try {
        const now = await (await fetch(job.dataset.follow)).text();
        const state = JSON.parse(now).state;
        if (state !== "starting" && state !== "running") { location.reload(); return; }
        if (now !== before) {
          before = now;
          const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
          const fresh = page.querySelector("#job .stages"), old = job.querySelector(".stages");
          if (fresh && old) old.replaceWith(fresh); else if (fresh) job.querySelector(".state").after(fresh);
          const said = page.querySelector("#job .state"), shown = job.querySelector(".state");
          if (said && said.textContent !== shown.textContent) shown.textContent = said.textContent;
        }
      } catch { /* the server is away: the job goes on, and is looked at again */ }
      setTimeout(look, 1000);
    };
    setTimeout(look, 500);
  }

  for (const button of all("[data-copy]")) {
    button.addEventListener("click", async () => {
      const text = button.closest("section, details").querySelector("blockquote").innerText;
      const said = button.parentElement.querySelector('[role="status"]');
      try { await navigator.clipboard.writeText(text); said.textContent = button.dataset.copied; } catch { said.textContent = ""; }
    });
  }
  for (const button of all("[data-print]")) button.addEventListener("click", () => print());
})();
