// Two grids side by side show the same days and people.
"use strict";

for (const both of document.querySelectorAll("[data-scroll-together]")) {
  const [left, right] = both.querySelectorAll(".grid-scroll");
  const follow = (leader, follower) => () => {
    if (follower.scrollLeft !== leader.scrollLeft) follower.scrollLeft = leader.scrollLeft;
    if (follower.scrollTop !== leader.scrollTop) follower.scrollTop = leader.scrollTop;
  };
  left.addEventListener("scroll", follow(left, right), { passive: true });
  right.addEventListener("scroll", follow(right, left), { passive: true });
}
