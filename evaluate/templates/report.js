"use strict";
const root = document.documentElement;
function speak(language) {
  root.dataset.lang = language;
  root.lang = language === "zh" ? "zh-Hans" : "en";
  document.querySelectorAll("[data-speak]").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.speak === language)));
  document.querySelectorAll("option[data-zh]").forEach((o) => { o.textContent = o.dataset[language]; });
}
document.querySelectorAll("[data-speak]").forEach((b) => b.addEventListener("click", () => speak(b.dataset.speak)));
speak((navigator.language || "en").startsWith("zh") ? "zh" : "en");

function sortBy(header) {
  const table = header.closest("table");
  const column = [...header.parentNode.children].indexOf(header);
  const down = header.getAttribute("aria-sort") !== "descending";
  const value = (row) => row.children[column].dataset.v;
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === "" || y === "") return (x === "") - (y === "");
    const order = isNaN(x) || isNaN(y) ? x.localeCompare(y, "zh") : x - y;
    return down ? -order : order;
  });
  table.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
  header.setAttribute("aria-sort", down ? "descending" : "ascending");
  table.tBodies[0].append(...rows);
}
document.querySelectorAll("thead th button").forEach((b) => b.addEventListener("click", () => sortBy(b.closest("th"))));

document.querySelectorAll("select[data-filter]").forEach((select) => select.addEventListener("change", () => {
  document.querySelectorAll(".mistakes li[data-tags]").forEach((item) => {
    item.hidden = select.value !== "" && !item.dataset.tags.split("|").includes(select.value);
  });
}));
