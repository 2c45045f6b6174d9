#!/usr/bin/env bash
# Trains on a Slurm cluster, in as many jobs as it takes: sbatch slurm-train.sh FLOWS MODEL [FLAG ...]
#
# Two minutes before the time limit, and before a preemption, Slurm signals: stan writes a checkpoint and ends with 75, the
# job is queued again and goes on from there. Other statuses of docs/operations.md that may be tried again are, a few times.
#SBATCH --job-name=stan-train
#SBATCH --cpus-per-task=8
#SBATCH --mem=8G
#SBATCH --time=04:00:00
#SBATCH --signal=B:TERM@120
#SBATCH --requeue
#SBATCH --open-mode=append
set -uo pipefail

flows=${1:?slurm-train: want FLOWS MODEL [FLAG ...]} model=${2:?slurm-train: want FLOWS MODEL [FLAG ...]}
shift 2

child='' stopping=''
trap 'stopping=yes; [[ -z $child ]] || kill -TERM "$child"' TERM
# Flags must be the same in every job, the seed too; --resume begins anew where there is no checkpoint, and leaves a model that is
# finished as it is.
stan train --data "$flows" -o "$model" --resume --threads "${SLURM_CPUS_PER_TASK:-0}" "$@" &
child=$!
[[ -z $stopping ]] || kill -TERM "$child"
wait "$child"
status=$?
if [[ -n $stopping ]]; then # the signal ended the first wait
	wait "$child"
	status=$?
fi

requeue() { scontrol requeue "${SLURM_JOB_ID:?}"; }
case $status in
75 | 143) requeue ;; # 143: the signal came before stan had begun
1 | 69 | 71 | 74) ((${SLURM_RESTART_COUNT:-0} >= 10)) || requeue ;;
esac
exit "$status"
