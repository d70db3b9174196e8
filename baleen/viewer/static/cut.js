// Threshold: a slider over a score that says at once how many rows stay, and the rows next to it.

import { ask, say } from "./api.js";
import { address, choice, count, el, labelled, percent, shape, short } from "./dom.js";
import { card } from "./rows.js";
import { trust } from "./trust.js";

const LATER = 120; // milliseconds after the last move of the slider until the rows next to it are fetched

/** The counts of the scores as bars; those that stay are filled. */
function histogram({ bars, edges }, highest) {
  const most = Math.max(...bars, 1);
  const width = 100 / bars.length;
  const drawn = bars.map((one, at) => shape("rect", { x: at * width, width: width * 0.85, y: 30 - (29 * one) / most, height: (29 * one) / most + 0.5 }));
  const picture = shape("svg", { viewBox: "0 0 100 31", preserveAspectRatio: "none", role: "img", "aria-label": "Histogram of the score; bars of rows that stay are filled" }, ...drawn);
  const mark = (threshold) =>
    drawn.forEach((bar, at) => {
      const middle = (edges[at] + edges[at + 1]) / 2;
      bar.setAttribute("class", (highest ? middle >= threshold : middle <= threshold) ? "stays" : "goes");
    });
  return [picture, mark];
}

function nearest(steps, threshold) {
  let best = 0;
  steps.forEach((one, at) => {
    if (Math.abs(one.threshold - threshold) < Math.abs(steps[best].threshold - threshold)) best = at;
  });
  return best;
}

/** Choice of the score and of which end is good. */
function scoreChoice(context, column, highest) {
  const scores = choice(context.table.scores.map((name) => [name, name]), column);
  const way = choice([["0", "low is good"], ["1", "high is good"]], highest);
  scores.addEventListener("change", () => context.go({ column: scores.value, threshold: "" }));
  way.addEventListener("change", () => context.go({ highest: way.value, threshold: "" }));
  return el("div", { class: "controls" }, labelled("Score", scores), labelled("Which end", way));
}

export function scoreOf({ table, given }) {
  const column = given.column ?? table.cut?.column ?? table.scores[0];
  const own = table.cut && table.cut.column === column ? table.cut.highest : ["rating", "gain", "probability"].includes(column);
  return { column, highest: given.highest ?? (own ? "1" : "0") };
}

export async function cutPage(context) {
  const { main, table, given, signal } = context;
  main.replaceChildren(el("h1", {}, `${table.name}: threshold`));
  if (!table.scores.length) return void main.append(el("p", {}, "This table has no score. Choose one that a score or filter target wrote."));
  const { column, highest } = scoreOf(context);
  main.append(scoreChoice(context, column, highest));
  const found = await ask("scores", { table: table.name, column, highest }, signal);
  const { steps, rows } = found;
  const start = given.threshold ? Number(given.threshold) : found.threshold;
  const [picture, mark] = histogram(found, highest === "1");
  const slider = el("input", { type: "range", min: 0, max: steps.length - 1, step: 1, value: nearest(steps, start), "aria-label": `Threshold of ${column}` });
  const exact = el("input", { type: "number", step: "any", value: short(start) });
  const stays = el("output", { class: "big" });
  const near = el("div", { class: "panes two" });
  const around = el("a", {}, "Label rows around this threshold");
  const about = el("div");
  let timer;
  let asked = 0;
  let current = start;
  let calibrated = () => {};

  const tell = (threshold, kept) => {
    stays.replaceChildren(el("b", {}, count(kept)), ` of ${count(rows)} rows stay, ${percent(kept, rows)}`);
    slider.setAttribute("aria-valuetext", `${column} ${short(threshold)}, ${count(kept)} rows stay`);
    mark(threshold);
    current = threshold;
    calibrated(threshold);
  };
  const list = (title, cards) => el("section", { class: "pane", "aria-label": title }, el("h2", {}, title), el("div", { class: "list" }, cards.map((row) => card(row, table.name, [column]))));
  const fetchRows = async (threshold) => {
    const turn = ++asked;
    const answer = await ask("cut", { table: table.name, column, highest, threshold }, signal);
    if (turn !== asked) return; // the slider has moved on
    tell(threshold, answer.kept);
    near.replaceChildren(list("The last rows that stay", answer.above), list("The first rows that go", answer.below));
    history.replaceState(null, "", address("cut", { table: table.name, column, highest, threshold }));
    around.href = address("label", { table: table.name, plan: "near", column, highest, threshold });
  };
  const later = (threshold) => {
    clearTimeout(timer);
    timer = setTimeout(() => fetchRows(threshold).catch((error) => signal.aborted || say(error.message, "error")), LATER);
  };
  slider.addEventListener("input", () => {
    const step = steps[slider.value];
    tell(step.threshold, step.kept);
    exact.value = short(step.threshold);
    later(step.threshold);
  });
  exact.addEventListener("input", () => {
    if (!exact.value) return;
    slider.value = nearest(steps, Number(exact.value));
    later(Number(exact.value));
  });
  const without = found.without ? el("p", { class: "dim" }, `${count(found.without)} rows have no ${column}; they never stay.`) : null;
  const use = table.cut?.filter ? el("p", { class: "dim" }, `The filter ${table.cut.filter} decides in the build; its settings are in params.yaml and the recipe. Looking changes nothing.`) : null;
  main.append(
    el("div", { class: "slider" },
      el("div", { class: "top" }, stays, labelled(`${column} ${highest === "1" ? "at least" : "at most"}`, exact)),
      el("figure", {}, picture, el("figcaption", { class: "ends" }, el("span", {}, short(found.edges[0])), el("span", {}, column), el("span", {}, short(found.edges.at(-1))))),
      el("div", {}, slider, el("div", { class: "ends", "aria-hidden": "true" }, ["0 %", "rows that stay", "100 %"].map((words) => el("span", {}, words))))),
    ...[without, use].filter(Boolean), about, el("p", {}, around), near,
  );
  tell(start, steps[nearest(steps, start)].kept);
  await fetchRows(start);
  const { calibrations } = await ask("calibrations", { table: table.name, column, highest }, signal);
  const [section, move] = trust(calibrations, column);
  calibrated = move;
  about.replaceChildren(section);
  move(current);
}
