#!/usr/bin/env bash
# guest.sh: the first process of a guest in its name spaces: what the init of a guest image does, and devices as Hyper-V would show them.
# Started by run.sh.
set -euo pipefail

new=$OUT/vm
mkdir -p "$new"
mount -t tmpfs guest "$new"
cp -a "$OUT/root/." "$new"
mkdir "$new/sockets"
mount --bind "$OUT/sockets" "$new/sockets"

mount -t proc proc "$new/proc"
mount -t sysfs sysfs "$new/sys"
for place in dev run tmp; do mount -t tmpfs "$place" "$new/$place"; done
mkdir "$new/dev/pts" "$new/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$new/dev/pts"
ln -s pts/ptmx "$new/dev/ptmx"
ln -s /proc/self/fd "$new/dev/fd"
mknod -m 666 "$new/dev/null" c 1 3
mknod -m 666 "$new/dev/zero" c 1 5
mknod -m 666 "$new/dev/full" c 1 7
mknod -m 666 "$new/dev/random" c 1 8
mknod -m 666 "$new/dev/urandom" c 1 9
mknod -m 666 "$new/dev/tty" c 5 0
mknod "$new/dev/kmsg" c 1 11

# Control groups, version 1: the cgroup name space shows the ones that run.sh made as their roots.
mount -t tmpfs cgroup "$new/sys/fs/cgroup"
for group in $GROUPS_OF_GUEST; do
  controller=${group#/sys/fs/cgroup/}
  controller=${controller%%/*}
  mkdir "$new/sys/fs/cgroup/$controller"
  mount -t cgroup -o "$controller" cgroup "$new/sys/fs/cgroup/$controller"
done

# Two disks on the first SCSI controller, persistent memory device 0, and a network adapter, by the names that Hyper-V gives them.
mount -t tmpfs bus "$new/sys/bus"
controller=df6d0690-79e5-55b6-a5ec-c1e2f77f580a
mkdir -p "$new/sys/bus/vmbus/devices/$controller/host0"
lun=0
names=(sda sdb pmem0)
for loop in $LOOPS; do
  name=${names[$lun]}
  mknod "$new/dev/$name" b 7 "${loop#/dev/loop}"
  if [ "$name" != pmem0 ]; then
    mkdir -p "$new/sys/bus/scsi/devices/0:0:0:$lun/block/$name"
    : > "$new/sys/bus/scsi/devices/0:0:0:$lun/delete"
  fi
  lun=$((lun + 1))
done
ip link set lo up
ip tuntap add eth0 mode tap
mkdir -p "$new/sys/bus/vmbus/devices/11111111-2222-3333-4444-555555555555/net/eth0"

cd "$new"
pivot_root . old
export PATH=/sbin:/bin HOME=/root GUEST_SOCKETS=/sockets/$RUNTIME_ID.vsock_
hash -r
umount -l /old
rmdir /old
# The shell stays: somebody must collect the processes whose parents have ended.
# shellcheck disable=SC2086
exec /bin/sh -c "vsockexec $LOG gcs $AGENT; exit" < /dev/null
