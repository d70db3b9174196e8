// One row: its source, what became of it in every table, and every step of a model with prompt and reply.

import { ask } from "./api.js";
import { address, el, short, textBlock } from "./dom.js";

const TEXTS = ["instruction", "input", "response"];
const SKIPPED = ["id", "lineage", "reason", "source", ...TEXTS];
const DROPPED = ".dropped";

/** Any value as text: a text as it is, all else as JSON. */
function value(given) {
  if (typeof given === "string") return textBlock(given, { class: "plain" });
  if (typeof given === "number") return el("b", {}, short(given));
  return textBlock(JSON.stringify(given), { class: "plain" });
}

function definitions(pairs) {
  return el("dl", { class: "facts" }, pairs.flatMap(([name, given]) => [el("dt", {}, name), el("dd", {}, value(given))]));
}

/** What a table says of the row. */
function place({ table, state, why, row, ...more }) {
  const name = table.replace(DROPPED, "");
  const facts = Object.entries({ ...more, ...row }).filter(([key, given]) => !SKIPPED.includes(key) && given !== null);
  const head = [el("a", { href: address("rows", { table: name, part: table.endsWith(DROPPED) ? "dropped" : "" }) }, name), " ", el("span", { class: state === "kept" ? "kept" : "dropped" }, why ? `${state}: ${why}` : state)];
  return el("li", {}, facts.length ? el("details", {}, el("summary", {}, head), definitions(facts)) : head);
}

function step({ lineage, messages, reply, ...more }) {
  const { target, columns, ...by } = lineage;
  const facts = Object.entries({ ...by, ...more }).filter(([, given]) => given !== null && given !== "");
  const sent = messages
    ? messages.map(([role, text]) => el("div", { class: "message" }, el("h4", {}, role), textBlock(text)))
    : el("p", { class: "dim" }, "The messages are not here: the prompt, the plan or the input is another by now.");
  const { text, ...rest } = reply ?? {};
  const answer = reply
    ? el("div", { class: "message reply" }, el("h4", {}, "reply"), text === undefined ? null : textBlock(text), Object.keys(rest).length ? definitions(Object.entries(rest)) : null)
    : el("p", { class: "dim" }, "The reply is not in the memo; baleen memo pull fetches it where it was pushed.");
  return el("li", { class: "step" }, el("h3", {}, `${target}: ${columns}`), sent, answer, el("details", {}, el("summary", {}, "model, prompt and settings"), definitions(facts)));
}

export async function rowPage({ main, given, signal, table }) {
  main.replaceChildren(el("h1", {}, "Row ", el("code", {}, given.id ?? "")));
  main.append(el("p", {}, el("a", { href: address("rows", { table: table.name }) }, `All rows of ${table.name}`)));
  const found = await ask("row", { id: given.id ?? "" }, signal);
  const last = Object.assign({}, ...found.tables.map((one) => Object.fromEntries(TEXTS.filter((name) => one.row[name]).map((name) => [name, one.row[name]]))));
  const source = found.tables.map((one) => one.row.source).find(Boolean);
  main.append(
    ...TEXTS.filter((name) => last[name]).map((name) => el("section", { class: `whole ${name}`, "aria-label": name }, el("h2", {}, name), textBlock(last[name]))),
  );
  const { id: _id, tables: _tables, steps: _steps, ...more } = found; // whatever else explain has
  if (Object.keys(more).length) main.append(definitions(Object.entries(more)));
  if (source) main.append(el("h2", {}, "Source"), definitions(Object.entries(source).filter(([, one]) => one !== null)));
  main.append(el("h2", {}, "Tables, oldest first"), el("ol", { class: "places" }, found.tables.map(place)));
  if (found.steps.length) main.append(el("h2", {}, "Steps of models"), el("ol", { class: "steps" }, found.steps.map(step)));
}
