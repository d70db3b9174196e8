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
  let busy = false;

  const drawCounts = async (labels) => {
    const { lines } = await ask("agreement", about, signal);
    counts.replaceChildren(standing(labels, lines, project.labeller));
  };

  const give = (row, word) => async () => {
    if (busy) return; // the next row is not there yet: a key pressed now would label what nobody has read
    busy = true;
    try {
      const sent = await send("label", { ...about, id: row.id, text: row.text, place: row.place, label: word, blind: chosen.blind === "1" });
      before.push(row.place);
      await next(row.place + 1);
      say(`${word}: written to labels/${table.name}.jsonl`);
      drawCounts(sent.labels).catch((error) => signal.aborted || say(error.message, "error"));
    } catch (error) {
      if (!signal.aborted) say(error.message, "error");
    } finally {
      busy = false;
    }
  };

  const back = async () => {
    if (!before.length || busy) return;
    const place = before.pop();
    await next(place, "1");
    say("The row before; a new label replaces the old one.");
  };

  const next = async (from, again = "") => {
    const found = await ask("draw", { ...about, blind: chosen.blind, from, again }, signal);
    const row = found.row;
    if (!row) {
      area.replaceChildren(el("p", { class: "big" }, "Every row of this table is labelled or passed over."));
      return found;
    }
    const texts = Object.entries(row.texts).map(([name, text]) => el("section", { class: `whole ${name}`, "aria-label": name }, el("h2", {}, HINTS[name] ?? name), textBlock(text)));
    const seen = chosen.blind === "1" ? null : el("p", { class: "marks" }, score.column ? el("span", {}, `${score.column} `, el("b", {}, short(row.score))) : null, table.dropped ? el("span", { class: row.kept ? "kept" : "dropped" }, row.kept ? "kept" : "dropped") : null);
    const button = (word, key, listener, kind = "") => el("button", { type: "button", class: kind, "data-shortcut": key, "aria-keyshortcuts": key, on: { click: listener } }, word, " ", el("kbd", {}, key));
    area.replaceChildren(
      el("div", { class: "answers" }, button("Good", "g", give(row, "good"), "good"), button("Bad", "b", give(row, "bad"), "bad"),
        button("Pass over", "s", () => { before.push(row.place); return next(row.place + 1); }), button("Back", "u", back)),
      ...[seen].filter(Boolean), ...texts,
      el("p", { class: "dim" }, `Row ${count(row.place + 1)} of ${count(found.rows)} in the order of this plan. You label as ${project.labeller}.`),
    );
    return found;
  };

  const found = await next(Number(given.from ?? 0));
  await drawCounts(found.labels);
}
