// Compare: two tables by id, row beside row.

import { ask } from "./api.js";
import { choice, count, el, labelled, short } from "./dom.js";
import { card } from "./rows.js";

const PAGE = 15;

/** The table that this one is most likely to be compared with: the same step of another round or revision. */
function partner(tables, name) {
  const stem = (one) => one.split("@")[0].replace(/-\d+$/, "");
  const others = tables.filter((one) => !one.error && one.name !== name).map((one) => one.name);
  return others.find((one) => one.split("@")[0] === name.split("@")[0]) ?? others.find((one) => stem(one) === stem(name)) ?? others[0];
}

function side(row, table, score) {
  return row ? card(row, table, [score]) : el("p", { class: "absent" }, "not in this table");
}

export async function comparePage(context) {
  const { main, project, table, given, signal } = context;
  main.replaceChildren(el("h1", {}, `${table.name} beside another table`));
  const right = given.right ?? partner(project.tables, table.name);
  if (!right) return void main.append(el("p", {}, "There is no other table to compare with."));
  const other = project.tables.find((one) => one.name === right);
  const shared = table.scores.filter((name) => other?.scores.includes(name));
  const score = given.score ?? (shared.includes(table.cut?.column) ? table.cut.column : (shared[0] ?? ""));
  const group = given.group ?? "all";
  const order = given.order ?? "";
  const offset = Number(given.offset ?? 0);
  const set = (name) => (event) => context.go({ offset: "", [name]: event.target.value });
  const picks = [
    labelled("Right table", choice(project.tables.filter((one) => !one.error).map((one) => [one.name, one.name]), right, { on: { change: set("right") } })),
    shared.length ? labelled("Score", choice(shared.map((name) => [name, name]), score, { on: { change: set("score") } })) : null,
    shared.length ? labelled("Order", choice([["", "of the left table"], ["change", `largest change of ${score} first`]], order, { on: { change: set("order") } })) : null,
  ];
  const bar = el("div", { class: "controls" }, picks);
  main.append(bar);
  const found = await ask("compare", { left: table.name, right, score, group, order, offset, limit: PAGE }, signal);
  bar.append(labelled("Rows", choice(Object.entries(found.groups).map(([name, size]) => [name, `${name}, ${count(size)}`]), group, { on: { change: set("group") } })));
  const pairs = found.rows.map(({ left, right: beside }) => {
    const change = left && beside && score ? beside.numbers[score] - left.numbers[score] : null;
    const words = Number.isFinite(change) && change ? el("p", { class: "change" }, `${score} ${change > 0 ? "+" : "−"}${short(Math.abs(change))}`) : null;
    return el("li", { class: "pair" }, side(left, table.name, score), side(beside, right, score), words);
  });
  const page = (by) => () => context.go({ offset: Math.max(0, offset + by * PAGE) });
  const last = Math.min(offset + PAGE, found.total);
  main.append(
    ...(found.agreement ? [el("p", { class: "dim" }, `Which rows stay: ${found.agreement}.`)] : []),
    el("div", { class: "pair heads" }, el("h2", {}, table.name), el("h2", {}, right)),
    el("ul", { class: "pairs" }, pairs),
    el("p", { class: "pager" },
      el("button", { type: "button", id: "previous", "data-key": "previous", disabled: !offset, on: { click: page(-1) } }, "Previous"),
      el("span", { class: "position" }, found.total ? `${count(offset + 1)} to ${count(last)} of ${count(found.total)}` : "no rows"),
      el("button", { type: "button", id: "next", "data-key": "next", disabled: last >= found.total, on: { click: page(1) } }, "Next")),
  );
}
