// What pages do better with a script; each of them works without.
(() => {
  "use strict";
  const all = (selector) => [...document.querySelectorAll(selector)];
  document.body.classList.add("scripted");

  // the page says that it is there, and that it leaves: the workspace ends after the last one
  const name = Array.from(crypto.getRandomValues(new Uint8Array(8)), (n) => n.toString(16).padStart(2, "0")).join("");
  const here = (what) => navigator.sendBeacon("/presence", `${name} ${what}`);
  here("opens");
  setInterval(() => here("opens"), 60_000);
  addEventListener("pageshow", (event) => { if (event.persisted) here("opens"); });
  addEventListener("pagehide", () => here("leaves"));

  // where the steps stand side by side and not all are seen, the one that is open is
  for (const step of all(".rail [aria-current]")) {
    const list = step.closest("ul"), place = step.getBoundingClientRect(), seen = list.getBoundingClientRect();
    if (list.scrollWidth > list.clientWidth) list.scrollBy({ left: place.x + place.width / 2 - seen.x - seen.width / 2, behavior: "instant" });
  }

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

  // what goes on is shown as it goes on; a part in which somebody is at work stays as it is
  if (all("[data-again]").length) {
    const look = async () => {
      try {
        const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
        for (const old of all("[data-again]")) {
          const fresh = page.getElementById(old.id);
          if (fresh && fresh.innerHTML !== old.innerHTML && !old.contains(document.activeElement) && !old.querySelector("details[open]")) old.replaceWith(fresh);
        }
      } catch { /* the server is away */ }
      setTimeout(look, 3000);
    };
    setTimeout(look, 3000);
  }

  // what a form of filters asks for is shown at once; the address says the same
  for (const form of all("form[data-live]")) {
    const brush = form.querySelector(".brush"), times = brush ? brush.dataset.times.split(" ") : [];
    const ends = brush ? [...brush.querySelectorAll("[data-end]")] : [];
    const field = (end) => form.querySelector(`[name="${end.dataset.end}"]`);
    const say = (end) => end.setAttribute("aria-valuetext", times[Number(end.value)].replace("T", " "));
    let waiting, asked = 0;
    const paint = () => {
      const [first, last] = ends.map((end) => Number(end.value));
      brush.querySelectorAll("rect").forEach((bar, n) => bar.classList.toggle("on", n >= first && n < last));
    };
    const show = async () => {
      const mine = ++asked, rows = document.getElementById(form.dataset.live);
      const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
      const address = `${form.action}?${query}`;
      rows.setAttribute("aria-busy", "true");
      try {
        const answer = await fetch(address);
        if (mine !== asked) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.getElementById(form.dataset.live);
        if (mine !== asked || !fresh) return;
        document.getElementById(form.dataset.live).replaceWith(fresh);
        const old = form.querySelector(".brush svg"), drawn = page.querySelector(".brush svg");
        if (old && drawn) {
          old.replaceWith(drawn);
          form.querySelector(".scale").replaceWith(page.querySelector(".scale"));
          paint();
        }
        history.replaceState(null, "", address);
      } catch { rows.removeAttribute("aria-busy"); }
    };
    const later = () => { clearTimeout(waiting); waiting = setTimeout(show, 120); };
    for (const end of ends) {
      say(end);
      end.addEventListener("input", () => {
        const [first, last] = ends;
        if (Number(first.value) >= Number(last.value)) {
          if (end === first) first.value = Math.max(0, Number(last.value) - 1); else last.value = Math.min(times.length - 1, Number(first.value) + 1);
        }
        const n = Number(end.value), edge = end === first ? n === 0 : n === times.length - 1;
        field(end).value = edge ? "" : times[n];
        say(end);
        paint();
        later();
      });
    }
    // how something came is played: the end of the stretch goes on, a step after each picture
    for (const play of form.querySelectorAll("[data-play]")) {
      play.addEventListener("click", async () => {
        const on = play.getAttribute("aria-pressed") !== "true";
        play.setAttribute("aria-pressed", String(on));
        const end = ends.find((one) => one.dataset.end === "to"), last = times.length - 1;
        const step = Math.ceil(last / 40);
        let n = Number(end.value) >= last ? Number(ends[0].value) : Number(end.value);
        while (n < last && play.getAttribute("aria-pressed") === "true" && play.isConnected) {
          n = Math.min(last, n + step);
          end.value = n;
          field(end).value = n === last ? "" : times[n];
          say(end);
          paint();
          await show();
          await new Promise((go) => setTimeout(go, 200));
        }
        play.setAttribute("aria-pressed", "false");
      });
    }
    form.addEventListener("change", (event) => {
      if (event.target.name === "wave" && brush) { form.requestSubmit(); return; }
      if (event.target.name) later();
    });
  }

  // the picture as PNG, twice as large, made of the SVG
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-png]");
    if (!button) return;
    const image = new Image();
    image.addEventListener("load", () => {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = 2 * Number(button.dataset.size);
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((made) => {
        const link = document.createElement("a");
        link.href = URL.createObjectURL(made);
        link.download = button.dataset.name;
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      });
    });
    image.src = button.dataset.png;
  });

  for (const button of all("[data-copy]")) {
    button.addEventListener("click", async () => {
      const text = button.closest("section, details").querySelector("blockquote").innerText;
      const said = button.parentElement.querySelector('[role="status"]');
      try { await navigator.clipboard.writeText(text); said.textContent = button.dataset.copied; } catch { said.textContent = ""; }
    });
  }
  for (const button of all("[data-print]")) button.addEventListener("click", () => print());
})();
