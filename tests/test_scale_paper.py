"""docs/scale.md says what the function computes, and the function what arithmetic by hand gives."""

from pathlib import Path

import pytest

from baleen.project import bills
from baleen.project.bills import Bill, Work
from baleen.project.settings import Speed
from benchmarks import scale_paper, scale_tables

PAGE = Path(__file__).parents[1].joinpath("docs/scale.md").read_text(encoding="utf-8")
PAPER, BY_GAIN, MANY = scale_paper.JOBS


def total(job: scale_paper.Job) -> float:
    return sum(scale_paper.by_verb(job).values())


@pytest.mark.parametrize("name", scale_paper.blocks())
def test_the_page_says_what_the_function_computes(name: str) -> None:
    assert f"<!-- {name} -->\n{scale_paper.blocks()[name]}\n<!-- end -->" in PAGE


def test_the_sentences_of_the_page_follow_from_the_tables() -> None:
    assert f"takes {scale_paper.by_verb(PAPER)['score'] / total(PAPER):.0%}".replace("%", " %") in PAGE
    assert f"{1 - total(BY_GAIN) / total(PAPER):.0%} cheaper".replace("%", " %") in PAGE
    assert f"keeps {scale_paper.gpus_of_one_process(MANY)} GPUs at work" in PAGE
    assert f"send {bills.size(scale_tables.key_bytes())} of band keys through Ray" in PAGE


def test_what_the_writer_does_is_not_divided_among_workers() -> None:
    ingest = scale_tables.RATES[0]
    assert ingest.hours(0) == pytest.approx(ingest.alone * 1e8 / 3.6e9)
    assert ingest.hours(8) == pytest.approx((ingest.workers / 8 + ingest.writer) * 1e8 / 3.6e9)
    assert ingest.hours(10**9) == pytest.approx(ingest.writer * 1e8 / 3.6e9)


def test_operations_are_counted_as_by_hand() -> None:
    assert Work(1e9, trained=1e9).gpu_seconds == pytest.approx(6e18 / (0.40 * 989e12))
    assert Work(1e9, read=1e9, written=1e6).gpu_seconds == pytest.approx(2e18 / 395.6e12 + 2e15 / 98.9e12)
    paper = scale_paper.by_verb(PAPER)
    tokens = 502_133 * (430.5 + 60)
    assert paper["generate"] == pytest.approx(
        6.74e9 * (2 * tokens / 395.6e12 + 2 * 502_133 * 88 / 98.9e12) / 3600, 1e-3
    )


def test_more_gpus_take_less_time_until_rows_come_slower_than_they_answer() -> None:
    scoring = next(stage for stage in scale_paper.stages(MANY) if stage.verb == "score")
    alone, _, many = scoring.bill.walls
    assert alone == pytest.approx(scoring.work.gpu_seconds / 3600) and many == pytest.approx(alone / (64 * 0.96))
    hours = [bills.wall(alone, scoring.work.rows, number) for number in (10_000, 100_000)]
    assert hours == [pytest.approx(2e8 * 80e-6 / 3600)] * 2


def test_a_bill_has_dollars_only_where_a_price_is_stated_and_hours_only_where_the_size_is_known() -> None:
    work = Work(1e9, trained=1e9, disk=4e9)
    assert bills.bill(work, Speed(device="cpu")).dollars is None
    priced = bills.bill(work, Speed(device="cpu", dollars_per_gpu_hour=2.0))
    assert priced.dollars == pytest.approx(2 * 4.213, 1e-3) and not priced.measured
    assert bills.words(priced, 2.0) == (
        f"4.21 GPU hours ({bills.ASSUMED}), wall time 4.21 h on 1 GPU, 0.55 h on 8, 0.07 h on 64, "
        "4.0 GB of disk at most, $8.43 at $2.00 an hour"
    )
    unknown = bills.bill(Work(0, read=5, disk=2e6), Speed(dollars_per_gpu_hour=2.0))
    assert unknown == Bill(None, 2e6)
    assert bills.words(unknown, 2.0) == "GPU hours unknown, as the size of the model is, 2.0 MB of disk at most"
    assert bills.total([priced, unknown]).dollars == priced.dollars


def test_a_measured_rate_counts_where_a_gpu_of_this_machine_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work(1e9, read=1e12)
    assert not bills.bill(work, Speed(device="auto"), seconds=7200.0).measured or bills.on_gpu(Speed())
    monkeypatch.setattr(bills, "on_gpu", lambda _: True)
    one = bills.bill(work, Speed(ray_workers=4, tensor_parallel=2, dollars_per_gpu_hour=1.0), seconds=7200.0)
    walls = (16.0, pytest.approx(16 / 7.68), pytest.approx(16 / 61.44))
    assert one == Bill(16.0, 0.0, 16.0, True, walls, 2.0, 8)  # type: ignore[arg-type]
    told = "wall time 16.0 h on 1 GPU, 2.08 h on 8, 0.26 h on 64, 2.00 h on the 8 of the profile"
    assert bills.words(one, 1.0) == f"16.0 GPU hours, {told}, $16.00 at $1.00 an hour"


def test_a_dry_run_tells_the_hours_of_the_page_on_the_same_numbers_of_gpus() -> None:
    whole = bills.total(stage.bill for stage in scale_paper.stages(PAPER))
    assert "| **all** | | 18.7 | 141.9 GB | $46.67 | 18.7 | 2.43 | 0.30 |" in PAGE
    assert "wall time 18.7 h on 1 GPU, 2.43 h on 8, 0.30 h on 64, 141.9 GB" in bills.words(whole, 2.5)


def test_the_gpus_of_a_profile_are_those_of_its_workers_or_its_processes_and_hardly_any_work_needs_one() -> None:
    speed = Speed(device="cuda", tensor_parallel=2, ray_workers=8, processes=4)
    asked, learned = bills.bill(Work(1e9, read=1e12), speed), bills.bill(Work(1e9, trained=1e12), speed)
    assert (asked.own_gpus, learned.own_gpus) == (16, 4)
    assert asked.own_wall == pytest.approx((asked.gpu_hours or 0) / (16 * 0.96))
    both = bills.total([asked, learned])
    assert (both.own_gpus, both.own_wall) == (16, asked.own_wall + learned.own_wall)
    assert bills.wall_words(asked).endswith(" h on the 16 of the profile")
    assert bills.wall_words(bills.bill(Work(1e6, read=1e3), speed)) == "wall time under 0.01 h on 1 GPU"
    assert bills.bill(Work(1e9, read=1e12), Speed(device="cpu")).own_gpus == 0
