// How far a score can be trusted: precision and recall at a threshold, as the calibrations of the project have them.

import { count, el, short } from "./dom.js";

const LINES = 8; // of a table of thresholds

/** A share with its 95 % interval. */
function share(point, name) {
  const words = (value) => (100 * value).toFixed(0);
  if (point[name] === null) return "none";
  const low = point[`${name}_low`];
  return `${words(point[name])} %${low === null ? "" : ` (${words(low)} to ${words(point[`${name}_high`])})`}`;
}

/** The point of a calibration that is nearest to a threshold. */
function nearest(sweep, threshold) {
  return sweep.reduce((best, one) => (Math.abs(one.threshold - threshold) < Math.abs(best.threshold - threshold) ? one : best));
}

function sweepTable(name, column, sweep) {
  const step = Math.max(1, Math.ceil(sweep.length / LINES));
  const lines = sweep.filter((_, at) => at % step === 0);
  const cells = (one) => [short(one.threshold), share(one, "precision"), share(one, "recall"), count(one.rows)];
  return el("details", {}, el("summary", {}, "Precision and recall by threshold"),
    el("table", { "aria-label": `Precision and recall of ${name}` },
      el("thead", {}, el("tr", {}, [column, "precision", "recall", "labelled rows"].map((words) => el("th", { scope: "col" }, words)))),
      el("tbody", {}, lines.map((one) => el("tr", {}, cells(one).map((words) => el("td", {}, words)))))));
}

/** A section for these calibrations, and a function that shows another threshold in it. */
export function trust(calibrations, column) {
  const told = calibrations.map(({ name, people, rows, share_good, auc, sweep, stale, unusable, warnings }) => {
    const at = el("p", { class: "at" });
    const rowsOf = people ? "rows labelled by people" : "seed pairs and wrong pairs made of them";
    const separates = auc[0] === null ? "" : ` AUC ${short(auc[0])}${auc[1] === null ? "" : ` (${short(auc[1])} to ${short(auc[2])})`}.`;
    const about = `${count(rows)} ${rowsOf}; precision is for a table of which ${Math.round(100 * (share_good ?? 0))} % are good.${separates}`;
    const lines = [...stale.map((one) => `Stale: ${one}; it sets no threshold.`), ...unusable.map((one) => `Look, but do not gate: ${one}.`), ...warnings];
    const section = el("section", { class: "calibration", "aria-label": name }, el("h3", {}, name), at,
      lines.map((one) => el("p", { class: "warning" }, one)), el("p", { class: "dim" }, about), sweep.length ? sweepTable(name, column, sweep) : null);
    const move = (threshold) => {
      const point = sweep.length ? nearest(sweep, threshold) : null;
      const words = point ? `Precision ${share(point, "precision")}, recall ${share(point, "recall")} at ${column} ${short(point.threshold)}` : "No figures: good and bad rows are needed.";
      at.replaceChildren(words);
    };
    return [section, move];
  });
  const none = el("p", { class: "dim" }, `No calibration has measured ${column} on this table, so nobody knows its precision.`);
  const section = el("section", { class: "trust", "aria-label": "Calibration" }, el("h2", {}, "How far this score can be trusted"), told.length ? told.map(([one]) => one) : none);
  return [section, (threshold) => told.forEach(([, move]) => move(threshold))];
}
