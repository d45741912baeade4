"use strict";
// The filter. The page is whole without it; what is here only hides and shows, and reads nothing but the page.
(() => {
  const form = document.getElementById("filter");
  if (!form) return;

  const order = ["low", "medium", "high", "very-high"];
  const marks = new Map();
  for (const mark of document.querySelectorAll("a.mark")) marks.set(mark.getAttribute("href").slice(1), mark);
  const keys = Array.from(document.querySelectorAll(".key"), (node) => ({
    node,
    text: null,
    places: Array.from(node.querySelectorAll(".place"), (place) => ({ node: place, text: null })),
  }));
  const sections = Array.from(document.querySelectorAll(".findings"), (node) => ({
    node,
    empty: node.querySelector("[data-empty]"),
  }));
  const only = Array.from(document.querySelectorAll("button.only"));
  const shown = document.getElementById("shown");

  const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
  const words = (entry, node) => (entry.text ??= node.textContent.toLowerCase());
  const show = (node, visible) => {
    if (node.hidden === visible) node.hidden = !visible;
  };

  const chosen = (name) => {
    const boxes = form.querySelectorAll(`input[name="${name}"]`);
    return boxes.length ? new Set(Array.from(boxes).filter((box) => box.checked).map((box) => box.value)) : null;
  };

  const apply = () => {
    const wanted = { level: chosen("level"), life: chosen("life"), status: chosen("status") };
    const layer = form.elements.layer ? form.elements.layer.value : "";
    const least = form.elements.confidence ? order.indexOf(form.elements.confidence.value) : 0;
    const terms = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (data) =>
      (!wanted.level || wanted.level.has(data.level)) &&
      (!wanted.life || wanted.life.has(data.life)) &&
      (!wanted.status || wanted.status.has(data.status)) &&
      (!layer || data.layer === layer) &&
      order.indexOf(data.confidence) >= least;
    let places = 0;
    let seen = 0;
    for (const key of keys) {
      const head = terms.length ? words(key, key.node.querySelector("header")) : "";
      let here = 0;
      for (const place of key.places) {
        const text = terms.length ? words(place, place.node) : "";
        const visible = fits(place.node.dataset) && terms.every((term) => head.includes(term) || text.includes(term));
        show(place.node, visible);
        marks.get(place.node.id)?.classList.toggle("out", !visible);
        here += visible;
      }
      show(key.node, here > 0);
      places += here;
      seen += here > 0;
    }
    for (const section of sections) if (section.empty) show(section.empty, !section.node.querySelector(".key:not([hidden])"));
    for (const button of only) button.setAttribute("aria-pressed", String(button.dataset.only === layer));
    const total = keys.reduce((sum, key) => sum + key.places.length, 0);
    shown.textContent =
      places === total
        ? `${count(total, "place")}, ${count(keys.length, "key")}`
        : `${places.toLocaleString("en")} of ${count(total, "place")}, ${seen.toLocaleString("en")} of ${count(keys.length, "key")}`;
  };

  let waiting = 0;
  const later = () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(apply);
  };
  const reveal = () => {
    const target = location.hash ? document.getElementById(location.hash.slice(1)) : null;
    if (!target) return;
    if (target.hidden || target.closest("[hidden]")) {
      form.reset();
      apply();
    }
    target.scrollIntoView({ block: "nearest" });
    if (target.tabIndex === -1 && target.hasAttribute("tabindex")) target.focus({ preventScroll: true });
  };

  form.addEventListener("input", later);
  form.addEventListener("change", later);
  form.addEventListener("reset", () => setTimeout(later));
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const button of only) {
    show(button, Boolean(form.elements.layer));
    button.addEventListener("click", () => {
      const select = form.elements.layer;
      select.value = select.value === button.dataset.only ? "" : button.dataset.only;
      apply();
    });
  }
  const choices = form.querySelector("details");
  const wide = matchMedia("(min-width: 40.01rem)");
  const unfold = () => {
    if (choices) choices.open = wide.matches;
  };
  wide.addEventListener("change", unfold);
  unfold();
  addEventListener("hashchange", reveal);
  show(form, true);
  apply();
  reveal();
})();
