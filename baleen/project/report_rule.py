"""The rule `report` of dvc.yaml: what it shows, what it depends on, and the plots that it draws."""

from dataclasses import dataclass, field

MODELS = (
    "data/report-models.csv: {title: figures of the models with 95 % intervals, x: value, y: name, x_label: figure, "
    "template: intervals}"
)
LENGTHS = (
    "data/report-lengths.csv: {title: words of the models' answers, x: value, y: name, x_label: words, "
    "template: intervals}"
)
ROWS = "data/report-rows.csv: {title: from documents to rows, x: rows, y: name, template: rows}"
CURVES = "data/report-curves.csv: {title: learning curves, x: step, y: loss, template: lines}"
SCORES = "data/report-scores.csv: {title: candidates by score, x: low, x_label: score, y: rows, template: bars}"
RELIABILITY = (
    "data/report-reliability.csv: {title: reliability of scores, x: score, y: good, y_label: share of good rows, "
    "template: lines}"
)


@dataclass(frozen=True)
class Report:
    """Names of targets: evaluations of which metrics.json is made, others that are shown beside them, and the models,
    calibrations and tables (from documents to what a method's model learns) that are drawn."""

    evaluations: list[str]
    beside: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    calibrations: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)

    def deps(self) -> list[str]:
        tables = dict.fromkeys([*self.tables, *self.evaluations, *self.beside, *self.calibrations])
        return [*(f"data/{name}.json" for name in tables), *(f"models/{name}.json" for name in self.models)]

    def plots(self) -> list[str]:
        shown = {MODELS: True, LENGTHS: True, ROWS: self.tables, CURVES: self.models, SCORES: self.calibrations}
        return [plot for plot, names in shown.items() if names] + [RELIABILITY] * bool(self.calibrations)

    def rule(self) -> str:
        """The rule as dvc.yaml has it; nothing without an evaluation."""
        if not self.evaluations:
            return ""
        drawn = "".join(f"      - {plot}\n" for plot in self.plots())
        return (
            "  report: # the table and the sentence, metrics.json for `dvc exp show`, and drawings for `dvc plots`\n"
            f"    cmd: python -m stages.report {' '.join(self.evaluations)}\n"
            f"    deps:\n      - data/plan/report.yaml\n{''.join(f'      - {dep}{chr(10)}' for dep in self.deps())}"
            "    metrics:\n      - metrics.json: {cache: false}\n"
            + (f"    plots: # by the templates in .dvc/plots\n{drawn}" if drawn else "")
        )
