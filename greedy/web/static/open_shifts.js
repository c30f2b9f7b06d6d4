// What is open, beside the grid: it can be shut for a wider grid, and leads to the days in it and back.
"use strict";

const panel = document.getElementById("open-demand");
const opener = document.getElementById("open-shown");
const WIDE = matchMedia("(min-width: 64.01rem)");
const SHUT = "greedy-open-shut"; // the planner's choice, kept by her browser

// ---- drawn anew, its days stay open or closed, and who went through it by keyboard comes to the next one ----

const isPanel = (event) => event.detail.target === panel;
let panelBefore = null;

panel.addEventListener("htmx:beforeSwap", (event) => {
  if (!isPanel(event)) return;
  const links = [...panel.querySelectorAll("a[id]")];
  const days = new Map([...panel.querySelectorAll("details")].map((day) => [day.id, day.open]));
  panelBefore = { days, place: links.indexOf(document.activeElement), next: links.map((link) => link.id) };
});
panel.addEventListener("htmx:afterSettle", (event) => {
  if (!isPanel(event) || !panelBefore) return;
  const { days, place, next } = panelBefore;
  for (const day of panel.querySelectorAll("details")) day.open = days.get(day.id) ?? day.open;
  if (place < 0 || document.activeElement !== document.body) return;
  const link = [...next.slice(place), ...next.slice(0, place).reverse()].map((id) => document.getElementById(id)).find((one) => one);
  (link?.checkVisibility() ? link : document.getElementById("open-title")).focus();
});

// ---- wide windows: beside the grid, or shut; narrow ones: below the grid, so that the button leads there ----

function lay() {
  const isShut = WIDE.matches && localStorage.getItem(SHUT) === "yes";
  workbench.classList.toggle("alone", isShut);
  if (WIDE.matches) opener.setAttribute("aria-expanded", String(!isShut));
  else opener.removeAttribute("aria-expanded");
}

opener.addEventListener("click", () => {
  if (WIDE.matches) localStorage.setItem(SHUT, workbench.classList.contains("alone") ? "no" : "yes");
  lay();
  if (!WIDE.matches) comeTo(document.getElementById("open-title"));
});
WIDE.addEventListener("change", lay);
lay();

// Beside the grid no more is scrolled than has to be; below it, what was asked for comes to the top.
function comeTo(place, focused = place) {
  focused?.focus({ preventScroll: true });
  place?.scrollIntoView({ block: WIDE.matches ? "nearest" : "start" });
}

// ---- from a day's number in the grid to its shifts, and from a day's shifts to its column ----

workbench.addEventListener("click", (event) => {
  const link = event.target.closest("#roster .open-row a");
  const day = link && document.getElementById(link.hash.slice(1));
  if (!link) return;
  event.preventDefault();
  if (workbench.classList.contains("alone")) opener.click();
  if (!day) return;
  day.open = true;
  comeTo(day, day.querySelector("summary"));
});
panel.addEventListener("click", (event) => {
  const day = event.target.closest("summary")?.parentNode.id.replace("open-", "");
  grid().querySelector(`.day[data-date="${day}"]`)?.scrollIntoView({ block: "nearest", inline: "center" });
});
