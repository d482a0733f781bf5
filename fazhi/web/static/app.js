"use strict";
const $ = (id) => document.getElementById(id);
const NAMES = { MEASURE: "举措", PROBLEM: "问题", METRIC: "指标" };
const WORDS = { done: "已做", planned: "计划", actual: "实绩", target: "目标", problem: "问题", cause: "原因", consequence: "后果",
  results: "举措成效", problems: "存在问题", leaders: "领导履职", plan: "下步打算", other: "" };
const BOUNDS = { approx: "约 ", nearly: "近 ", over: "超 ", at_least: "≥ ", at_most: "≤ ", under: "< " };
const KINDS = { 数值: "number", 置信: "number", 指标: "text", 原文: "text", 举措: "text", 问题: "text" }; // of columns
let request = null;
let extracted = null;

function element(name, text, attributes = {}) {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

function say(text, isError = false) {
  $("status").textContent = text;
  $("status").classList.toggle("error", isError);
}

async function send(query) {
  const answer = await fetch(`/extract?${new URLSearchParams({ name: request.name, ...query })}`,
    { method: "POST", headers: { "Content-Type": request.type }, body: request.body });
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({}));
  throw new Error(told.error_zh || told.error || `服务器回答 ${answer.status}`);
}

function value(quantity) {
  const number = (x) => x.toLocaleString("zh-CN", { maximumFractionDigits: 4 });
  const { value: plain, low, high, bound, kind, text } = quantity;
  if (kind === "ratio") return text.replace(/\s*[:：∶]\s*/g, ":").replace(/(\d)\s*比\s*(?=\d)/g, "$1:"); // as written: 1:1.2, and not 0.8333
  if (plain === null || plain === undefined) return low != null && high != null ? `${number(low)}–${number(high)}` : "";
  return (BOUNDS[bound] || "") + number(plain);
}

function score(record) {
  return record.score == null ? "" : record.score.toFixed(2);
}

function place({ span }) {
  const text = Array.from(extracted.text).slice(span.start, span.end).join("");
  return pointer(element("a", text, { href: "#marked" }), [span]);
}

function pointer(node, places, first = places[0]) {
  node.addEventListener("click", (event) => { event.preventDefault(); show(node, places, first); });
  return node;
}

function at({ start, end }) {
  return `${start}-${end}`;
}

function show(node, places, first) {
  document.querySelectorAll("mark.here").forEach((mark) => mark.classList.remove("here"));
  document.querySelectorAll("#result [aria-current]").forEach((other) => other.removeAttribute("aria-current"));
  node.setAttribute("aria-current", "true");
  const marks = (one) => [...document.querySelectorAll(`#marked mark[data-at="${at(one)}"]`)];
  places.flatMap(marks).forEach((mark) => mark.classList.add("here"));
  const [goal] = marks(first);
  if (!goal) return;
  const box = $("marked");
  box.scrollTop += goal.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 4;
  goal.scrollIntoView({ block: "nearest" }); // no farther than needed: who came with the keyboard still sees where they are
}

function finding({ kind_zh, computation, first, also, second }) {
  const places = [...new Map([first, ...also, second].map((quote) => [at(quote), quote])).values()];
  const whole = pointer(element("button", `${kind_zh}：${computation}`, { type: "button" }), places);
  const quotes = places.map((quote) => pointer(element("a", quote.text, { href: "#marked" }), places, quote));
  for (const node of [whole, ...quotes])
    node.addEventListener("focus", () => { if (node.matches(":focus-visible")) node.click(); });
  const line = element("li");
  line.append(whole, ...quotes);
  return line;
}

function renderFindings(audit) {
  $("findings-title").textContent = `核对发现（${audit.length}）`;
  $("findings").querySelector("ol").replaceChildren(...audit.map(finding));
  $("findings").hidden = !audit.length;
}

function table(title, heads, rows, count = rows.length) {
  if (!rows.length) return;
  const box = element("div", undefined, { class: "scroll", tabindex: "0", role: "region", "aria-label": title });
  const out = element("table");
  out.append(element("caption", `${title}（${count}）`));
  const head = out.createTHead().insertRow();
  heads.forEach((name) => head.append(element("th", name, { scope: "col", class: KINDS[name] || "" })));
  const body = out.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const [index, cell] of row.entries()) {
      const td = line.insertCell();
      if (cell instanceof Node) td.append(cell);
      else td.textContent = cell ?? "";
      td.className = KINDS[heads[index]] || "";
    }
  }
  box.append(out);
  $("tables").append(box);
}

function render() {
  const { meta, records, html, labels, themes, audit = [] } = extracted;
  const counts = { METRIC: records.metrics, MEASURE: records.measures, PROBLEM: records.problems };
  const facts = Object.entries(counts).map(([label, list]) => `${NAMES[label]} ${(list || []).length}`);
  $("headline").textContent = [meta.title || request.name, meta.region, meta.year, ...facts].filter(Boolean).join(" · ");
  $("marked").innerHTML = html; // escaped by the server: text and our own <mark> elements only
  $("legend").querySelectorAll("label").forEach((node) => node.remove());
  for (const label of Object.keys(labels)) {
    const box = element("input", undefined, { type: "checkbox", checked: "" });
    box.addEventListener("change", () =>
      document.querySelectorAll(`mark.${label}`).forEach((mark) => mark.classList.toggle("off", !box.checked)));
    const line = element("label");
    line.append(box, " ", element("mark", labels[label].zh, { class: label }));
    $("legend").append(line);
  }
  renderFindings(audit);
  $("tables").replaceChildren();
  const metrics = (records.metrics || []).flatMap((record) => (record.quantities.length ? record.quantities : [{}]).map((quantity) =>
    [record.indicator, value(quantity), quantity.unit, WORDS[record.status], WORDS[record.section], place(record), score(record)]));
  table("指标", ["指标", "数值", "单位", "性质", "部分", "原文", "置信"], metrics, (records.metrics || []).length);
  const plain = (kind, field) => (records[kind] || []).map((record) =>
    [place(record), WORDS[record[field]], themes[record.theme], WORDS[record.section], score(record)]);
  table("举措", ["举措", "状态", "主题", "部分", "置信"], plain("measures", "status"));
  table("问题", ["问题", "角色", "主题", "部分", "置信"], plain("problems", "role"));
  $("result").hidden = false;
  $("result").focus();
}

async function extract(event) {
  event.preventDefault();
  const [file] = $("file").files;
  const text = $("text").value;
  if (!file && !text.trim()) return say("请先粘贴正文或选择文件。", true);
  request = file ? { name: file.name, type: "application/octet-stream", body: file }
    : { name: "report", type: "application/json", body: JSON.stringify({ text }) };
  $("go").disabled = true;
  say("正在抽取……");
  try {
    extracted = await (await send({ view: "true" })).json();
    render();
    say(extracted.audit ? `抽取完成，${extracted.audit.length} 处需核对。` : "抽取完成。");
  } catch (error) {
    $("result").hidden = true;
    say(`无法抽取：${error.message}`, true);
  } finally {
    $("go").disabled = false;
  }
}

function save(blob, ending) {
  const link = element("a", undefined, { href: URL.createObjectURL(blob), download: `${request.name.replace(/\.[^.]+$/, "")}.${ending}` });
  link.click();
  URL.revokeObjectURL(link.href);
}

function saveJson() {
  const { html, labels, themes, ...document_ } = extracted;
  save(new Blob([`${JSON.stringify(document_)}\n`], { type: "application/jsonl" }), "jsonl");
}

$("form").addEventListener("submit", extract);
$("text").addEventListener("input", () => { $("file").value = ""; });
$("jsonl").addEventListener("click", saveJson);
$("csv").addEventListener("click", async () => {
  try { save(await (await send({ format: "csv" })).blob(), "csv"); } catch (error) { say(error.message, true); }
});
