// Labels: one row after the other, a key each.

import { ask, say, send } from "./api.js";
import { choice, count, el, labelled, short, textBlock } from "./dom.js";
import { scoreOf } from "./cut.js";

const HINTS = { instruction: "Instruction", input: "Input", response: "Response" };

/** What the labellers have done, and how far they agree. */
function standing(labels, lines, who) {
  const rows = Object.entries(labels).map(([name, one]) =>
    el("tr", {}, el("th", { scope: "row" }, name === who ? `${name} (you)` : name), el("td", {}, count(one.good)), el("td", {}, count(one.bad))));
  if (!rows.length) return el("p", { class: "dim" }, "Nobody has labelled a row of this table.");
  const table = el("table", {}, el("thead", {}, el("tr", {}, ["labeller", "good", "bad"].map((name) => el("th", { scope: "col" }, name)))), el("tbody", {}, rows));
  const agreed = lines.map((one) => el("p", {}, el("b", {}, one.who), ": ", one.words));
  return el("div", {}, table, agreed);
}

/** How rows are drawn. */
function plans(context, chosen, score, threshold) {
  const { table } = context;
  const plan = choice([["uniform", "uniform"], ...(table.scores.length ? [["near", `around ${score.column} ${short(threshold)}`]] : [])], chosen.plan);
  const blind = el("input", { type: "checkbox", checked: chosen.blind === "1" });
  plan.addEventListener("change", () => context.go({ plan: plan.value, from: "" }));
  blind.addEventListener("change", () => context.go({ blind: blind.checked ? "" : "0" }));
  return el("div", { class: "controls" }, labelled("Rows are drawn", plan), el("label", { class: "check" }, blind, " blind: hide the score and what became of the row"));
}

export async function labelPage(context) {
  const { main, project, table, given, signal } = context;
  const score = table.scores.length ? scoreOf(context) : {};
  const chosen = { plan: given.plan ?? "uniform", blind: given.blind ?? "1" };
  main.replaceChildren(el("h1", {}, `${table.name}: label`));
  const threshold = table.scores.length ? (given.threshold ?? (await ask("scores", { table: table.name, ...score }, signal)).threshold) : 0;
  const about = { table: table.name, plan: chosen.plan, threshold: threshold ?? 0, ...score };
  const area = el("div", { class: "labelling" });
  const counts = el("section", { class: "standing", "aria-label": "Labels so far" });
  main.append(plans(context, chosen, score, threshold), area, el("h2", {}, "Labels so far"), counts);
  const before = []; // places of the rows that were shown, to go back to
  let busy = false; // the next row is not there yet: a key pressed now would label what nobody has read
  let coming; // the row after the one that is shown, fetched while people read
  let written = Promise.resolve(); // labels are written one after the other, while people go on

  const drawCounts = async (labels) => {
    const { lines } = await ask("agreement", about, signal);
    counts.replaceChildren(standing(labels, lines, project.labeller));
  };

  const drawn = (from, again = "") => ask("draw", { ...about, blind: chosen.blind, from, again }, signal);
  const wrong = (error) => signal.aborted || say(error.message, "error");

  const give = (row, word) => () => {
    if (busy) return;
    const label = { ...about, id: row.id, text: row.text, place: row.place, label: word, blind: chosen.blind === "1" };
    written = written
      .then(() => send("label", label))
      .then((sent) => {
        if (signal.aborted) return;
        say(`${word}: written to labels/${table.name}.jsonl`);
        drawCounts(sent.labels).catch(wrong);
      })
      .catch((error) => {
        wrong(error);
        if (!signal.aborted) show(drawn(row.place, "1")).catch(wrong); // this label is not in the file
      });
    pass(row);
  };

  const pass = (row) => {
    if (busy) return;
    before.push(row.place);
    show(coming.catch(() => drawn(row.place + 1))).catch(wrong);
  };

  const back = async () => {
    if (!before.length || busy) return;
    await show(drawn(before.pop(), "1")).catch(wrong);
    say("The row before; a new label replaces the old one.");
  };

  const button = (word, key, listener, kind = "") => el("button", { type: "button", class: kind, "data-shortcut": key, "aria-keyshortcuts": key, on: { click: listener } }, word, " ", el("kbd", {}, key));

  const fill = ({ row, rows }) => {
    if (!row) return area.replaceChildren(el("p", { class: "big" }, "Every row of this table is labelled or passed over."), el("div", { class: "answers" }, button("Back", "u", back)));
    const texts = Object.entries(row.texts).map(([name, text]) => el("section", { class: `whole ${name}`, "aria-label": name }, el("h2", {}, HINTS[name] ?? name), textBlock(text)));
    const seen = chosen.blind === "1" ? null : el("p", { class: "marks" }, score.column ? el("span", {}, `${score.column} `, el("b", {}, short(row.score))) : null, table.dropped ? el("span", { class: row.kept ? "kept" : "dropped" }, row.kept ? "kept" : "dropped") : null);
    area.replaceChildren(
      el("div", { class: "answers" }, button("Good", "g", give(row, "good"), "good"), button("Bad", "b", give(row, "bad"), "bad"),
        button("Pass over", "s", () => pass(row)), button("Back", "u", back)),
      ...[seen].filter(Boolean), ...texts,
      el("p", { class: "dim" }, `Row ${count(row.place + 1)} of ${count(rows)} in the order of this plan. You label as ${project.labeller}.`),
    );
  };

  /** Show the row that an answer brings, and ask for the one after it. */
  const show = async (answer) => {
    busy = true;
    try {
      const found = await answer;
      fill(found);
      if (!found.row) return found;
      coming = drawn(found.row.place + 1);
      coming.catch(() => {}); // it is asked for again when it is wanted
      return found;
    } finally {
      busy = false;
    }
  };

  const found = await show(drawn(Number(given.from ?? 0)));
  await drawCounts(found.labels);
}
