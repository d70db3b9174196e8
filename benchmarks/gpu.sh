#!/bin/sh
# The whole story on one GPU in at most 25 minutes: one JSON and one page for LOG.md, in build/gpu (docs/gpus.md).
#
#   benchmarks/gpu.sh                  run every part that is not done yet; run it again to go on
#   benchmarks/gpu.sh --minutes 9      the same in pieces, where a call may take no longer
#   benchmarks/gpu.sh --rehearse       small sizes on the CPU, engines hf and vllm, in build/gpu-rehearsal
#   benchmarks/gpu.sh --rehearse --share 0.1    at a tenth of the sizes: 141 minutes of one core that other work shared
#   benchmarks/gpu.sh halves           the model's file as two halves in build/halves, to be carried one by one
#   benchmarks/gpu.sh join             the file of both halves in build/gpu, its hash checked
#
# Humpback reads all English pages of tldr-pages from data/real (or the folder BALEEN_DATA); without that archive nothing begins.
# --corpus FILE (or CORPUS=) names another one, --corpus python:docs the pages of Python itself; --seeds (or SEEDS=) other pairs.
# PYTHON=... names another interpreter.
set -eu
cd "$(dirname "$0")/.."
[ -d .venv/bin ] && PATH="$PWD/.venv/bin:$PATH"
export PATH PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}" HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
case "${1:-}" in
    halves | join) exec "${PYTHON:-python}" -m benchmarks.gpu_model "$@" ;;
esac
# the program ends by its own clock; this one is for the case that it cannot
limit=1490
case " $* " in *" --rehearse "*) limit=14500 ;; esac
exec timeout --kill-after=10 "$limit" "${PYTHON:-python}" -m benchmarks.gpu "$@"
