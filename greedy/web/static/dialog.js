// The dialogs: popovers that cover the page, hear Escape and give the focus back. A modal dialog makes what lies below inert, for which the
// browser looks at the style of each of 40,000 cells; here only the keyboard is kept in, as the pointer cannot get past what covers the page.
"use strict";

const dialog = document.getElementById("dialog");
const card = document.getElementById("dialog-content");
const STOPS = "a[href], button:enabled, input:enabled, select:enabled, textarea:enabled, summary, [tabindex]";

const shownDialog = () => document.querySelector("dialog:popover-open");

// A part that is put into the dialog opens it; the answer's event `close-dialog` (HX-Trigger) closes it.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target === card) dialog.showPopover();
});
document.addEventListener("close-dialog", () => dialog.hidePopover());
dialog.addEventListener("beforetoggle", (event) => {
  const isOpening = event.newState === "open";
  (isOpening ? dialog : document.body).append(toasts); // it lies above everything but what is in it
  if (!isOpening && document.activeElement === document.body) card.focus(); // only from within it, the browser gives the focus back
});
dialog.addEventListener("toggle", (event) => {
  if (event.newState === "closed") card.replaceChildren();
});

// ---- all dialogs of the page ----

document.addEventListener("click", (event) => {
  if (event.target === shownDialog()) event.target.hidePopover(); // beside its card
});

// What the keyboard would leave by one end, it comes back to by the other.
document.addEventListener("keydown", (event) => {
  const shown = shownDialog();
  if (event.key !== "Tab" || !shown) return;
  const stops = [...shown.querySelectorAll(STOPS)].filter((stop) => stop.tabIndex >= 0 && stop.checkVisibility());
  if (event.shiftKey) stops.reverse();
  if (!document.activeElement.contains(stops.at(-1))) return;
  event.preventDefault();
  stops[0].focus();
});
document.addEventListener("focusin", (event) => {
  const shown = shownDialog();
  if (shown && !shown.contains(event.target)) shown.querySelector(".dialog-card").focus();
});
