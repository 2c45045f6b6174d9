#!/usr/bin/env bash
# Generates on a Slurm cluster, a part in each task of an array: sbatch --array=1-8 slurm-generate.sh MODEL OUT [FLAG ...]
#
# The parts OUT/part-1 ... OUT/part-8 together are the flows of one run without shards. A part that is there is left alone, so
# the same command again makes those that are missing.
#SBATCH --job-name=stan-generate
#SBATCH --array=1-8
#SBATCH --cpus-per-task=4
#SBATCH --mem=4G
#SBATCH --time=02:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
set -uo pipefail

model=${1:?slurm-generate: want MODEL OUT [FLAG ...]} out=${2:?slurm-generate: want MODEL OUT [FLAG ...]}
shift 2
task=${SLURM_ARRAY_TASK_ID:?} tasks=${SLURM_ARRAY_TASK_COUNT:?}

[[ ! -e $out/part-$task/_SUCCESS ]] || exit 0
mkdir -p "$out" || exit 73
stan generate --model "$model" -o "$out/part-$task" --shard "$task/$tasks" --threads "${SLURM_CPUS_PER_TASK:-0}" "$@"
status=$?
case $status in
1 | 69 | 71 | 74 | 75) ((${SLURM_RESTART_COUNT:-0} >= 3)) || scontrol requeue "${SLURM_JOB_ID:?}" ;;
esac
exit "$status"
