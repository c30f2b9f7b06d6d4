// The grid of a roster: the keyboard, the way into the dialog of a cell, and what others change while the page is open.
"use strict";

const workbench = document.querySelector("[data-roster]");
const help = document.getElementById("help");
const where = document.getElementById("grid-where");
const DAYPARTS = workbench.dataset.dayparts.split(" ");
const NAMES = workbench.dataset.names.split("|");
const LOOK_MILLISECONDS = 5000;
const MESSAGE_MILLISECONDS = 12000;
const ROWS_A_PAGE = 3 * DAYPARTS.length;
const CHOICES = { Delete: "clear", Backspace: "clear", p: "pin", u: "unavailable", n: "note" };

let current = null; // the cell that Tab comes to
let anchor = null; // where a selection begins, which ends at the current cell

const grid = () => document.getElementById("roster");
const lines = () => [...grid().querySelectorAll(".person > .line")];
const cellsOf = (line) => [...line.querySelectorAll("[role=gridcell]")];
const partOf = (cell) => cell.parentNode.dataset.part;
const personOf = (cell) => cell.closest(".person");
const headOf = (cell) => grid().querySelectorAll(".day")[cellsOf(cell.parentNode).indexOf(cell)]; // cells stand in the order of the days
const dateOf = (cell) => headOf(cell).dataset.date;
const keyOf = (cell) => ({ employee: personOf(cell).dataset.employee, part: partOf(cell), date: dateOf(cell) });

function cellAt({ employee, part, date }) {
  const line = grid().querySelector(`.person[data-employee="${CSS.escape(employee)}"] > .line[data-part="${part}"]`);
  return line && cellsOf(line)[[...grid().querySelectorAll(".day")].findIndex((day) => day.dataset.date === date)];
}

// ---- where the planner is ----

const whoOf = (cell) => personOf(cell).querySelector(".name bdi").textContent;

function whatOf(cell) {
  cell.dataset.content ??= cell.getAttribute("aria-label") || workbench.dataset.nothing;
  return [headOf(cell).getAttribute("aria-label"), NAMES[DAYPARTS.indexOf(partOf(cell))], cell.dataset.content].join(", ");
}

// The day and the employee of the current cell are marked at the edges of the grid, and said in full below it.
function showWhere(cell) {
  for (const one of grid().querySelectorAll(".here")) one.classList.remove("here");
  headOf(cell).classList.add("here");
  personOf(cell).querySelector(".name").classList.add("here");
  const [who, what] = where.children;
  who.textContent = whoOf(cell);
  what.textContent = whatOf(cell);
}

function enter(cell, { focus = true, extend = false } = {}) {
  if (current && current !== cell) current.tabIndex = -1;
  if (!extend || personOf(anchor) !== personOf(cell)) anchor = cell;
  current = cell;
  cell.tabIndex = 0;
  cell.setAttribute("aria-label", `${whoOf(cell)}, ${whatOf(cell)}`);
  showWhere(cell);
  if (focus) cell.focus();
  markSelection();
}

function selected() {
  const dates = [anchor, current].map(dateOf).sort();
  const parts = [anchor, current].map((cell) => DAYPARTS.indexOf(partOf(cell))).sort();
  return { dates, parts, several: anchor !== current };
}

function markSelection() {
  for (const cell of grid().querySelectorAll("[aria-selected]")) cell.removeAttribute("aria-selected");
  const { parts, several } = selected();
  if (!several) return;
  const [first, last] = [anchor, current].map((cell) => cellsOf(cell.parentNode).indexOf(cell)).sort((one, other) => one - other);
  for (const line of [...personOf(current).querySelectorAll(".line")].slice(parts[0], parts[1] + 1)) {
    for (const cell of cellsOf(line).slice(first, last + 1)) cell.setAttribute("aria-selected", "true");
  }
}

function neighbour(cell, key, far) {
  const cells = cellsOf(cell.parentNode);
  const column = cells.indexOf(cell);
  const all = lines();
  const row = all.indexOf(cell.parentNode);
  const at = (to, by) => cellsOf(all[Math.max(0, Math.min(all.length - 1, to))])[Math.max(0, Math.min(cells.length - 1, by))];
  switch (key) {
    case "ArrowLeft": return at(row, column - (far ? 7 : 1));
    case "ArrowRight": return at(row, column + (far ? 7 : 1));
    case "ArrowUp": return at(row - (far ? DAYPARTS.length : 1), column);
    case "ArrowDown": return at(row + (far ? DAYPARTS.length : 1), column);
    case "PageUp": return at(row - ROWS_A_PAGE, column);
    case "PageDown": return at(row + ROWS_A_PAGE, column);
    case "Home": return at(far ? 0 : row, 0);
    case "End": return at(far ? all.length - 1 : row, cells.length - 1);
    default: return null;
  }
}

function onGridKey(event) {
  const far = event.ctrlKey || event.metaKey;
  const next = event.altKey ? null : neighbour(event.target, event.key, far);
  if (next) {
    enter(next, { extend: event.shiftKey });
  } else if (far || event.altKey) {
    return;
  } else if (["Enter", " ", "F2"].includes(event.key)) {
    openDialog();
  } else if (CHOICES[event.key]) {
    openDialog(CHOICES[event.key]);
  } else if (event.key === "Escape") {
    enter(current);
  } else {
    return;
  }
  event.preventDefault();
}

function openDialog(choice = "") {
  const { dates, parts, several } = selected();
  const asked = new URLSearchParams({ employee: keyOf(current).employee, date: dates[0], dagdeel: DAYPARTS[parts[0]] });
  if (several) {
    asked.set("until", dates[1]);
    asked.set("until_dagdeel", DAYPARTS[parts[1]]);
  }
  if (choice) asked.set("choice", choice);
  htmx.ajax("GET", `${workbench.dataset.roster}/cell?${asked}`, { target: "#dialog-content", swap: "innerHTML" }).catch(() => undefined); // app.js tells
}

// ---- what is drawn anew keeps the planner where she was ----

let inGrid = false; // whether she was in the grid last, dialogs aside

function findAgain() {
  if (!current?.isConnected || !anchor.isConnected) {
    const [cell, start] = [current, anchor].map((one) => one && cellAt(keyOf(one)));
    const found = cell || grid().querySelector("[role=gridcell]");
    current = null;
    if (!found) return;
    enter(found, { focus: false });
    anchor = start || found;
    markSelection();
  }
  const nobody = !document.activeElement || document.activeElement === document.body;
  if (inGrid && nobody && !shownDialog()) current.focus();
}

// ---- wiring ----

workbench.addEventListener("keydown", (event) => {
  if (event.target.matches("#roster [role=gridcell]")) onGridKey(event);
});
workbench.addEventListener("focusin", (event) => {
  if (event.target !== current && event.target.matches("#roster [role=gridcell]")) enter(event.target, { focus: false });
});
workbench.addEventListener("click", (event) => {
  const cell = event.target.closest("#roster [role=gridcell]");
  if (!cell) return;
  enter(cell, { extend: event.shiftKey && anchor });
  if (!event.shiftKey) openDialog();
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.elt.id !== "roster-state" || event.detail.xhr.status < 400) return;
  if (event.detail.xhr.status < 500) clearInterval(looking); // gone, or signed out: said once
  else if (document.querySelector("#toasts .fault")) event.detail.shouldSwap = false;
});
document.addEventListener("htmx:oobAfterSwap", (event) => {
  if (event.target.matches(".person")) event.target.classList.add("fresh");
});
document.addEventListener("htmx:afterSettle", () => {
  findAgain();
  for (const older of [...document.querySelectorAll("#toasts [data-own]")].slice(0, -1)) older.remove();
  for (const message of document.querySelectorAll("#toasts [data-fading]")) {
    message.removeAttribute("data-fading");
    setTimeout(() => message.remove(), MESSAGE_MILLISECONDS);
  }
});
dialog.addEventListener("toggle", findAgain);
document.addEventListener("focusin", (event) => {
  if (!event.target.closest("dialog")) inGrid = grid().contains(event.target);
});

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, textarea, select") || shownDialog()) return;
  if (event.key === "?") help.showPopover();
  const undo = document.querySelector("#undo button:enabled");
  if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey && undo) {
    event.preventDefault();
    undo.click();
  }
});

// One question at a time (hx-sync of the forms): an answer that is older than a change of ours would draw what stood before it, and one that
// is older than a choice of weeks, rows that do not fit the grid.
function look() {
  if (document.visibilityState === "visible") htmx.trigger("#roster-state", "look");
}
const looking = setInterval(look, LOOK_MILLISECONDS);
document.addEventListener("visibilitychange", look);

const first = grid().querySelector("[role=gridcell]");
if (first) enter(first, { focus: false });
