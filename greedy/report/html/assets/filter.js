// Shows some weeks and one team of every grid on the page, and of whatever carries a date or a team.
"use strict";
(() => {
  const form = document.querySelector("[data-filters]");
  if (!form) return;
  const columns = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, columns];

  // Days stand at the end of each row, so counting from there finds a column whatever stands before it.
  function columnRule(grid, from, to) {
    const days = [...grid.querySelectorAll(".day")].map((day) => day.dataset.date);
    const shown = days.map((day) => from <= day && day <= to);
    const first = shown.indexOf(true), last = shown.lastIndexOf(true);
    (grid.closest(".on-paper") ?? grid.closest(".grid-scroll")).hidden = first < 0;
    for (const week of grid.querySelectorAll(".week")) week.hidden = !(from <= week.dataset.last && week.dataset.first <= to);
    if (first < 0 || (first === 0 && last === days.length - 1)) return "";
    const kept = `:nth-last-child(n+${days.length - last}):nth-last-child(-n+${days.length - first})`;
    return `#${CSS.escape(grid.id)} .line > .c:not(${kept}) { display: none }`;
  }

  function apply() {
    const [from, to] = (form.elements.weeks.value || "0000/9999").split("/");
    const team = form.elements.team.value;
    const grids = [...document.querySelectorAll(".grid")];
    columns.replaceSync(grids.map((grid) => columnRule(grid, from, to)).join("\n"));
    for (const one of document.querySelectorAll("[data-team]")) one.hidden = team !== "" && one.dataset.team !== team;
    for (const one of document.querySelectorAll("[data-teams]")) one.hidden = team !== "" && !one.dataset.teams.split("\n").includes(team);
    for (const day of document.querySelectorAll(".open-day")) {
      day.hidden = !(from <= day.dataset.date && day.dataset.date <= to) || !day.querySelector("[data-teams]:not([hidden])");
    }
    const shown = form.querySelector("output"), grid = grids[0];
    const days = [...grid.querySelectorAll(".day")].filter((day) => from <= day.dataset.date && day.dataset.date <= to);
    const people = grid.querySelectorAll(".person:not([hidden])");
    shown.value = shown.dataset.shown.replace("{days}", days.length).replace("{people}", people.length);
  }

  form.hidden = false;
  form.addEventListener("change", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("htmx:afterSwap", apply);
  if (form.elements.weeks.value || form.elements.team.value) apply();
})();
