#!/usr/bin/env bash
# run.sh OUT COMMAND...: runs COMMAND while the guest that build.sh made in OUT dials the Unix sockets $OUT/sockets/$RUNTIME_ID.vsock_PORT, and
# is started again whenever it ends, as a VM would be. Answers what COMMAND answers. Must be root. The guest has name spaces of its own for
# mounts, processes, networks and control groups: nothing of the machine's is mounted, and with its first process all of it ends.
# LOG: arguments of vsockexec (default: -r -e 109). AGENT: arguments of the agent.
set -euo pipefail

out=$(realpath "$1")
shift
export OUT=$out RUNTIME_ID=${RUNTIME_ID:-3f2504e0-4f89-41d3-9a0c-0305e82c3301}
export LOG=${LOG--r -e 109} AGENT=${AGENT--v4 -log-format json -loglevel debug -disable-time-sync}
here=$(dirname "$(realpath "$0")")
groups=()
loops=()
guest=

clean() {
  trap - EXIT
  if [ -n "$guest" ]; then
    kill "$guest" 2>> "$out/guest.log" || true
    wait "$guest" || true
  fi
  for loop in "${loops[@]}"; do losetup -d "$loop" || true; done
  remove_groups 0
}
trap clean EXIT

# The control groups that a guest has left, from a depth of $1: its processes are gone a moment after it.
remove_groups() {
  for group in "${groups[@]}"; do
    for _ in 1 2 3 4 5; do
      find "$group" -mindepth "$1" -depth -type d -exec rmdir {} + 2>> "$out/guest.log" && break
      sleep 0.2
    done
  done
}

mkdir -p "$out/sockets"
rm -f "$out/sockets/"*
: > "$out/guest.log"
for disk in layer scratch pmem; do
  cp "$out/$disk.img" "$out/$disk.used"
  loops+=("$(losetup --find --show "$out/$disk.used")")
done
export LOOPS="${loops[*]}"

# Control groups below the ones that this shell is in, version 1.
while IFS=: read -r _ controller path; do
  mounted=/sys/fs/cgroup/$controller
  case $controller in '' | name=*) continue ;; esac
  [ -d "$mounted" ] || continue
  group=${mounted}${path%/}/guest-$$
  mkdir "$group"
  groups+=("$group")
  for member in cpuset.cpus cpuset.mems; do
    [ ! -e "$group/$member" ] || cat "$group/../$member" > "$group/$member"
  done
done < /proc/self/cgroup
export GROUPS_OF_GUEST="${groups[*]}"

# One VM after the other. What runs in the background ignores SIGINT, which programs in the guest shall not. unshare hears no SIGTERM; its child ends with it.
(
  trap '[ -z "${vm-}" ] || kill -KILL "$vm"; exit' TERM
  while :; do
    bash -c 'for group in $GROUPS_OF_GUEST; do echo $$ > "$group/cgroup.procs"; done
      exec env --default-signal unshare --mount --pid --net --ipc --uts --cgroup --propagation private --fork --kill-child "$0"' "$here/guest.sh" &
    vm=$!
    wait "$vm" || true
    remove_groups 1
    sleep 0.2
  done
) >> "$out/guest.log" 2>&1 &
guest=$!

"$@"
