// What pages share: messages beside the page, files that are too large. Pages work without it.
"use strict";

const toasts = document.getElementById("toasts");
toasts.addEventListener("click", (event) => event.target.closest("[data-close-toast]")?.closest(".toast").remove());

// A page that asks every second says only once that the answer is missing.
new MutationObserver(() => {
  const all = [...toasts.children];
  const isRepeated = (toast, number) => all.findIndex((other) => other.textContent === toast.textContent) < number;
  all.filter(isRepeated).forEach((toast) => toast.remove());
}).observe(toasts, { childList: true });

function tellUnreachable() {
  if (toasts.querySelector("[data-unreachable]")) return;
  const toast = document.getElementById("unreachable").content.firstElementChild.cloneNode(true);
  toast.dataset.unreachable = "";
  toasts.append(toast);
}
document.addEventListener("htmx:sendError", tellUnreachable);
document.addEventListener("htmx:timeout", tellUnreachable);
document.addEventListener("htmx:afterOnLoad", () => toasts.querySelector("[data-unreachable]")?.remove());

// The server refuses what is too large; this says so before it is sent.
document.addEventListener("change", (event) => {
  const input = event.target.closest("input[type=file][data-max-bytes]");
  const large = input && [...input.files].some((file) => file.size > Number(input.dataset.maxBytes));
  input?.setCustomValidity(large ? input.dataset.tooLarge : "");
  if (large) input.reportValidity();
});

// Where the tabs are wider than the window, the current one is seen.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
