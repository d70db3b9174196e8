// The page: which part of it is shown, keys, and the choice of a table. Its state is in the part of the address after #.

import { ask, say } from "./api.js";
import { address, bare, el } from "./dom.js";
import { rowsPage } from "./rows.js";
import { cutPage } from "./cut.js";
import { comparePage } from "./compare.js";
import { labelPage } from "./label.js";
import { rowPage } from "./row.js";

const PAGES = { rows: rowsPage, cut: cutPage, compare: comparePage, label: labelPage, row: rowPage };
const main = document.getElementById("main");
const tables = document.getElementById("table");
let project;
let shown; // the page
let leave = new AbortController();

/** The page and its settings, from the address. */
function state() {
  const [page, query] = location.hash.replace(/^#\/?/, "").split("?");
  return { page: page in PAGES ? page : "rows", given: Object.fromEntries(new URLSearchParams(query ?? "")) };
}

/** The focus goes back to the control that had it, or to the top of another page. */
function refocus(id, moved) {
  if (document.activeElement !== document.body) return;
  const same = id && document.getElementById(id);
  if (same && !same.disabled) same.focus({ preventScroll: true });
  else if (moved) main.focus({ preventScroll: true });
}

/** Show what the address says. */
async function show() {
  const focused = main.contains(document.activeElement) ? document.activeElement.id : "";
  const moved = shown !== undefined && shown !== state().page;
  shown = state().page;
  leave.abort();
  leave = new AbortController();
  const { page, given } = state();
  const readable = project.tables.filter((one) => !one.error);
  const first = readable.findLast((one) => one.cut && one.dropped) ?? readable.at(-1); // the last one that was chosen from
  const known = given.table ? project.tables.find((one) => one.name === given.table) : first;
  tables.value = known?.name ?? "";
  document.querySelectorAll("nav a").forEach((link) => {
    link.href = address(link.dataset.page, { table: tables.value });
    if (link.dataset.page === page) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  say("");
  document.title = bare(`${page === "row" ? given.id : (known?.name ?? "")} · baleen view`);
  if (!known || known.error) {
    const words = known?.error ?? (given.table ? `There is no table ${given.table}; choose one above.` : "No table can be read.");
    return main.replaceChildren(el("p", { class: "error", role: "alert" }, words));
  }
  const signal = leave.signal;
  try {
    const context = { main, project, table: known, given, signal, go: (more) => go(page, { table: known.name, ...given, ...more }) };
    const filled = PAGES[page](context);
    refocus(focused, moved);
    await filled;
    if (!signal.aborted) refocus(focused, moved);
  } catch (error) {
    if (signal.aborted) return;
    main.append(el("p", { class: "error", role: "alert" }, error.message));
    say("");
  }
}

/** Change settings of a page, so that the back button undoes it. */
function go(page, given) {
  const next = address(page, given);
  if (next === location.hash) show();
  else location.hash = next;
}

tables.addEventListener("change", () => go(state().page === "row" ? "rows" : state().page, { table: tables.value }));
document.getElementById("help").addEventListener("click", () => document.getElementById("keys").showModal());

const LISTED = "[data-row]";

/** Move the focus from row to row. */
function step(by) {
  const rows = [...document.querySelectorAll(LISTED)];
  const at = rows.indexOf(document.activeElement?.closest(LISTED));
  const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  n: () => document.querySelector("[data-key=next]")?.click(),
  p: () => document.querySelector("[data-key=previous]")?.click(),
  "/": () => document.querySelector("input[type=search]")?.focus(),
  "?": () => document.getElementById("keys").showModal(),
  1: () => document.querySelector("[data-page=rows]").click(),
  2: () => document.querySelector("[data-page=cut]").click(),
  3: () => document.querySelector("[data-page=compare]").click(),
  4: () => document.querySelector("[data-page=label]").click(),
};

document.addEventListener("keydown", (event) => {
  const writing = event.target.closest("input:not([type=checkbox], [type=radio], [type=range]), textarea, select, dialog[open]");
  if (event.ctrlKey || event.metaKey || event.altKey || writing) return;
  const own = document.querySelector(`[data-shortcut="${CSS.escape(event.key)}"]`);
  if (!own && !KEYS[event.key]) return;
  event.preventDefault();
  if (event.repeat && own) return; // a key that is held down labels one row
  if (own) own.click();
  else KEYS[event.key]();
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});

window.addEventListener("hashchange", () => {
  show();
});

async function begin() {
  try {
    project = await ask("overview");
  } catch (error) {
    return main.replaceChildren(el("p", { class: "error", role: "alert" }, error.message));
  }
  tables.replaceChildren(
    ...project.tables.map((one) => el("option", { value: one.name, disabled: Boolean(one.error) }, one.name)),
  );
  const first = project.start;
  if (!location.hash && first.table) history.replaceState(null, "", address(first.page === "label" ? "label" : "rows", { table: first.table }));
  await show();
}

begin();
