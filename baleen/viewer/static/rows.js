// Rows of a table: searched, filtered and sorted by the server; kept and dropped ones side by side.

import { ask, say } from "./api.js";
import { address, choice, clipped, count, el, labelled, short } from "./dom.js";

const PAGE = 25;
const HEADS = ["instruction", "input", "response"];
const TESTS = {
  text: ["contains", "lacks", "=", "!=", "missing", "present"],
  number: ["<=", ">=", "<", ">", "=", "!=", "missing", "present"],
  other: ["missing", "present"],
};

/** A row in a list, as a link to its own page. */
export function card(row, table, scores = []) {
  const { texts, numbers } = row;
  const [id] = texts.id ?? [""];
  const named = HEADS.filter((name) => texts[name]?.[0]);
  const shown = named.length ? named : Object.keys(texts).filter((name) => name !== "id" && texts[name][0]).slice(0, 2);
  const marks = [...new Set([...scores, ...Object.keys(numbers)])].filter((name) => numbers[name] !== null && name in numbers);
  return el(
    "a",
    { class: "card", "data-row": "", href: id ? address("row", { id, table }) : location.hash },
    shown.map((name) => el("span", { class: `part ${name}` }, clipped(texts[name], { title: name }))),
    el(
      "span",
      { class: "marks" },
      el("code", {}, id.slice(0, 8) || `row ${row.n}`),
      texts.origin?.[0] ? el("span", {}, texts.origin[0]) : null,
      marks.slice(0, 4).map((name) => el("span", {}, `${name} `, el("b", {}, short(numbers[name])))),
      row.kept ? null : el("span", { class: "dropped" }, clipped(texts.reason ?? ["dropped", 7])),
    ),
  );
}

/** A list of rows with its pages. */
function pane(context, part, title) {
  const { table, given, signal } = context;
  const key = part === "dropped" ? "offset-dropped" : "offset";
  const offset = Number(given[key] ?? 0);
  const list = el("div", { class: "list" });
  const position = el("span", { class: "position" }, "…");
  const page = (by) => () => context.go({ [key]: Math.max(0, offset + by * PAGE) });
  const main = part !== "dropped" || given.part === "dropped";
  const previous = el("button", { type: "button", id: `previous-${part}`, "data-key": main && "previous", on: { click: page(-1) }, disabled: offset === 0 }, "Previous");
  const next = el("button", { type: "button", id: `next-${part}`, "data-key": main && "next", on: { click: page(1) }, disabled: true }, "Next");
  const fill = (found) => {
    const last = Math.min(offset + found.rows.length, found.total);
    position.textContent = found.total ? `${count(offset + 1)} to ${count(last)} of ${count(found.total)}` : "no rows";
    if (found.share < 1) position.textContent += " so far";
    next.disabled = offset + PAGE >= found.total;
    list.replaceChildren(...found.rows.map((row) => card(row, table.name, table.cut ? [table.cut.column] : [])));
  };
  const wanted = {
    table: table.name, part, search: given.search ?? "", where: given.where ?? "[]", sort: given.sort ?? "",
    descending: given.descending ?? "", offset, limit: PAGE,
  };
  const done = ask("rows", wanted, signal, fill).then(fill);
  const section = el("section", { class: "pane", "aria-label": title }, el("h2", {}, title), list, el("p", { class: "pager" }, previous, position, next));
  return [section, done];
}

/** The controls above the lists. */
function controls(context) {
  const { table, given } = context;
  const columns = Object.entries(table.columns);
  const conditions = JSON.parse(given.where ?? "[]");
  const fresh = { offset: "", "offset-dropped": "" };
  const search = el("input", { type: "search", value: given.search ?? "", placeholder: "in every text", maxLength: 500 });
  const part = choice([["kept", `kept, ${count(table.rows)}`], ["dropped", `dropped, ${count(table.dropped)}`], ["both", "side by side"]], given.part ?? "kept");
  part.addEventListener("change", () => context.go({ ...fresh, part: part.value }));
  const sortable = columns.filter(([, kind]) => kind !== "other").flatMap(([name, kind]) => (kind === "text" ? [name, `length of ${name}`] : [name]));
  const sort = choice([["", "order of the file"], ...sortable.map((name) => [name, name])], given.sort ?? "");
  sort.addEventListener("change", () => context.go({ ...fresh, sort: sort.value }));
  const down = el("button", { type: "button", id: "direction", "aria-pressed": String(given.descending === "1"), disabled: !given.sort, on: { click: () => context.go({ ...fresh, descending: given.descending === "1" ? "" : "1" }) } }, given.descending === "1" ? "Highest first" : "Lowest first");
  const form = el("form", { class: "controls", role: "search" }, labelled("Search", search), el("button", { id: "search-button" }, "Search"), labelled("Rows", part), labelled("Sort", sort), down);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    context.main.focus({ preventScroll: true }); // so that j goes to the first row that was found
    context.go({ ...fresh, search: search.value });
  });
  return [form, filters(context, columns, conditions, fresh)];
}

/** Conditions on columns: those that are set, and a form for one more. */
function filters(context, columns, conditions, fresh) {
  const set = (all) => context.go({ ...fresh, where: all.length ? JSON.stringify(all) : "" });
  const column = choice(columns.map(([name]) => [name, name]), columns[0][0], { id: "filter-column", "aria-label": "Column" });
  const test = el("select", { "aria-label": "Test" });
  const value = el("input", { type: "text", "aria-label": "Value", maxLength: 500 });
  const tests = () => {
    const kind = Object.fromEntries(columns)[column.value];
    test.replaceChildren(...TESTS[kind].map((name) => el("option", { value: name }, name)));
    value.inputMode = kind === "number" ? "decimal" : "text";
  };
  column.addEventListener("change", tests);
  test.addEventListener("change", () => (value.disabled = ["missing", "present"].includes(test.value)));
  tests();
  const form = el("form", { class: "controls filter", "aria-label": "Filter" }, el("span", { class: "words" }, "Filter"), column, test, value, el("button", { id: "filter-add" }, "Add"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    set([...conditions, [column.value, test.value, value.disabled ? "" : value.value]]);
  });
  const chips = conditions.map((one, at) =>
    el("button", { type: "button", class: "chip", "aria-label": `Remove the filter ${one.join(" ")}`, on: { click: () => set(conditions.filter((_, other) => other !== at)) } }, one.join(" "), el("span", { "aria-hidden": "true" }, " ×")));
  form.append(...chips);
  return form;
}

export async function rowsPage(context) {
  const { main, table, given } = context;
  const parts = given.part === "both" ? [["kept", "Kept"], ["dropped", "Dropped"]] : given.part === "dropped" ? [["dropped", "Dropped"]] : [["kept", "Kept"]];
  const panes = parts.map(([part, title]) => pane(context, part, title));
  main.replaceChildren(el("h1", {}, table.name), ...controls(context), el("div", { class: parts.length > 1 ? "panes two" : "panes" }, panes.map(([section]) => section)));
  await Promise.all(panes.map(([, done]) => done));
  say("");
}
